// What a proxy says (STUB_STATUS), in HTML
export default ({STUB_STATUS: status = 502}) => [{match: {}, reply: {status: Number(status), headers: {'content-type': 'text/html'}, body: `<html><h1>${status}</h1><hr>nginx</html>`}}]
