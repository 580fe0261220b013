/** The first message that comes to a port, or why its worker did not start. */
export default function told(port, worker = port) {
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message ?? 'the worker did not start'))
  })
}
