// STUB_STATUS twice, then the object
export default ({STUB_STATUS: status = 520}) => [
	{match: {}, times: 2, reply: {status: Number(status), headers: {'content-type': 'text/html'}, body: '<html>later</html>'}},
	{match: {method: 'GET'}, reply: {status: 200, headers: {etag: '"97570fe1797bcf3e469b9a17b9f0abf4"'}, body: 'id,name\n1,a\n'}},
]
