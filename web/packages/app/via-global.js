/** What the lines of the README print, said with `globalThis.asposeCache`. */
export default async function viaGlobal() {
  const layer = await asposeCache.allocate(48_000_000)
  const { allocatedMemoryBytesCount: memory, allocatedDiskBytesCount: disk } = asposeCache
  await layer.dispose()
  return [layer.medium, memory, disk].join(' ')
}
