// What the language has and not every browser that is served: its types have these interfaces, but no source
// can use the symbols that belong to them. See disposal.ts.

interface Disposable {}
interface AsyncDisposable {}
