import record from './record.js'

record().then((printed) => postMessage(printed))
