#!/usr/bin/env node
// resolve STACK [NAME=VALUE...] < TEMPLATE.json - the template as it is with these parameters
//
// Conditions and parameters are put in, and what a false condition leaves out is
// left out, as CloudFormation does; references to resources stay. A rule that is
// broken ends this with 65 and says why, as it ends a deployment. Everything of
// AWS's own is that of an account 123456789012 in us-east-1.
import {readFileSync} from 'node:fs'

const [stack, ...given] = process.argv.slice(2)
const template = JSON.parse(readFileSync(0, 'utf8'))
const values = {'AWS::StackName': stack, 'AWS::AccountId': '123456789012', 'AWS::Region': 'us-east-1', 'AWS::Partition': 'aws', 'AWS::URLSuffix': 'amazonaws.com'}
const nothing = Symbol('AWS::NoValue')
values['AWS::NoValue'] = nothing

for (const [name, {Default}] of Object.entries(template.Parameters))
	values[name] = Default
for (const pair of given) {
	const [name, ...value] = pair.split('=')
	if (!(name in values))
		throw new Error(`there is no parameter ${name}`)
	values[name] = value.join('=')
}
for (const [name, {Type}] of Object.entries(template.Parameters)) {
	if (values[name] === undefined)
		throw new Error(`the parameter ${name} has no value`)
	if (Type === 'Number')
		values[name] = Number(values[name])
}

const holds = (name) => {
	if (!(name in template.Conditions))
		throw new Error(`there is no condition ${name}`)
	return resolve(template.Conditions[name])
}
// What names a resource can stand in a text, too.
const toText = (value) => value.Ref ? `\${${value.Ref}}` : value['Fn::GetAtt'] ? `\${${value['Fn::GetAtt'].join('.')}}` : value['Fn::Sub'] ?? value
const substitute = (text, more = {}) => text.replace(/\$\{([^!}][^}]*)\}/g, (whole, name) => toText(more[name] ?? values[name] ?? whole))
const functions = {
	Ref: (name) => values[name] ?? {Ref: name},
	Condition: holds,
	'Fn::If': ([condition, yes, no]) => resolve(holds(condition) ? yes : no),
	'Fn::Equals': (pair) => new Set(resolve(pair).map(String)).size === 1,
	'Fn::Not': ([condition]) => !resolve(condition),
	'Fn::Sub': (text) => {
		const [words, more] = [text].flat()
		const done = substitute(words, more && resolve(more))
		return done.includes('${') ? {'Fn::Sub': done} : done
	},
}

function resolve(value) {
	if (Array.isArray(value))
		return value.map(resolve).filter((one) => one !== nothing)
	if (value === null || typeof value !== 'object')
		return value
	const [[name, argument] = [], ...rest] = Object.entries(value)
	if (name in functions && rest.length === 0)
		return functions[name](argument)
	return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one)]).filter(([, one]) => one !== nothing))
}

const there = (list = {}) => Object.fromEntries(Object.entries(list)
	.filter(([, {Condition}]) => Condition === undefined || holds(Condition))
	.map(([name, {Condition, ...rest}]) => [name, resolve(rest)]))
for (const {RuleCondition, Assertions} of Object.values(template.Rules ?? {})) {
	const broken = (RuleCondition === undefined || resolve(RuleCondition)) && Assertions.find(({Assert}) => !resolve(Assert))
	if (broken) {
		console.error(broken.AssertDescription)
		process.exit(65)
	}
}
console.log(JSON.stringify({Resources: there(template.Resources), Outputs: there(template.Outputs)}))
