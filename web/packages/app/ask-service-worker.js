/** Asks a service worker, once it is active, and answers what it says. */
export default async function askServiceWorker(registering) {
  const registration = await registering
  const worker = registration.installing ?? registration.waiting ?? registration.active
  await new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === 'activated') resolve()
      if (worker.state === 'redundant') reject(new Error('the service worker did not start'))
    }
    worker.onstatechange = look
    look()
  })
  const { port1, port2 } = new MessageChannel()
  const heard = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data)
  })
  worker.postMessage('', [port2])
  return heard
}
