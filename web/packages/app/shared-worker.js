import record from './record.js'

onconnect = ({ ports: [port] }) => record().then((printed) => port.postMessage(printed))
