// What a proxy says (STATUS), in HTML
const status = Number(process.env.STATUS || 502)
export default [{match: {}, reply: {status, headers: {'content-type': 'text/html'}, body: `<html><h1>${status}</h1><hr>nginx</html>`}}]
