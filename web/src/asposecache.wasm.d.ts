/** What bundlers that are told to make a file of it answer: its address, for `wasmURL`. */
declare const wasmURL: string
export default wasmURL
