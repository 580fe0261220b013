import record from './record.js'

onmessage = (event) => event.waitUntil(record().then((printed) => event.ports[0].postMessage(printed)))
