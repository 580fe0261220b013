/**
 * Gives a class the methods that `using` and `await using` call, where the language has symbols for them. Not
 * every browser does, and a method with an undefined key would be called "undefined".
 */
export function disposable<T>(
  kind: { readonly prototype: T },
  methods: { dispose?(this: T): void; asyncDispose(this: T): Promise<void> },
): void {
  const symbols = Symbol as unknown as Readonly<Record<string, symbol | undefined>>
  for (const [name, value] of Object.entries(methods)) {
    const symbol = symbols[name]
    if (symbol) Object.defineProperty(kind.prototype, symbol, { value, writable: true, configurable: true })
  }
}
