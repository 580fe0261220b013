// The script of the disk's worker, which has nothing to import: `new Worker` takes its address.
export {}
