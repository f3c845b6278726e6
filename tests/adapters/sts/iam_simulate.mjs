// Judges requests by session policies with a library that others keep: JSON of [policy, [action, resource, context]] on
// standard input, a list of booleans on standard output.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const account = '000000000000'
const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const verdicts = []
for (const [policy, [action, resource, context]] of JSON.parse(readFileSync(0, 'utf8'))) {
  const found = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/colloquy-tenant/session`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: [{ name: 'role', policy: all }],
      sessionPolicy: policy,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  if (found.errors) throw new Error(`${action} ${resource}: ${JSON.stringify(found.errors)}`)
  verdicts.push((found.overallResult ?? found.analysis.result) === 'Allowed')
}
process.stdout.write(JSON.stringify(verdicts))
