/** Resolves when a service worker is active. */
const activated = (worker) =>
  new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === 'activated') resolve()
      if (worker.state === 'redundant') reject(new Error('the service worker did not start'))
    }
    worker.onstatechange = look
    look()
  })

const serviceWorker = async () => {
  // In this form bundlers know it.
  const registration = await navigator.serviceWorker.register(
    new URL('./service-worker.js', import.meta.url),
    { type: 'module' },
  )
  const worker = registration.installing ?? registration.waiting ?? registration.active
  await activated(worker)
  const { port1, port2 } = new MessageChannel()
  const heard = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data)
  })
  worker.postMessage('', [port2])
  return heard
}
globalThis.ask = { ...globalThis.ask, serviceWorker }
