import { describe, expect, it } from 'vitest'
import { blamelessRemarks } from '../../../src/incidents/postmortem/lint.ts'
import { manifestWith } from '../support/manifest.ts'

const remarks = (because: string, more = '') =>
  blamelessRemarks(
    manifestWith(`whys: [{ why: Why?, because: ${JSON.stringify(because)} }]
${more}`),
  )

const texts = (because: string, more?: string) => remarks(because, more).map(({ text }) => text)

describe('what did not happen', () => {
  it.each([
    'The engineer should have looked',
    'The check would have caught it',
    "the flag shouldn't have been on",
    'the flag shouldn’t have been on',
    'somebody needed to have read the manual',
    'it would not have spread with a limit',
    'a test could easily have shown it',
    'a second look ought to have been taken',
    "they wouldn't ever have been charged",
    'If the test had existed, the flag stays off',
    'if there had been an alert',
    "it spread, as it does if a queue hadn't a limit",
    'Had the alert been on, it ends here',
    'Had anybody looked, it ends here',
    'it would be one charge if the key were kept',
    'if only the limit were lower',
    'the deploy was supposed to wait',
    "we'd have seen it",
  ])('is remarked on: %s', (text) => {
    expect(remarks(text)).toEqual([
      expect.objectContaining({
        place: 'whys[0].because',
        why: 'tells of what did not happen',
        suggestion: 'Say what was done, and what was known at that time.',
      }),
    ])
  })

  it.each([
    'customers might have seen two mails',
    'the worker had a lease of 30 s',
    'Had no alert',
    'if the key is missing, the store mints one',
    'the key must be there before the call',
    'workers have to ask first',
    'keys should be minted once',
    'each batch should have a key',
    'a customer could have two accounts',
    'the job would wait until the partner had answered',
    'the deploy needs a second approval',
  ])('is not: %s', (text) => {
    expect(remarks(text)).toEqual([])
  })

  it('may be asked as a question, and planned', () => {
    const more = `openQuestions: [Would it be seen if the flag had a test?]
remediation: [{ action: Page the desk if the rate would pass the limit }]`
    expect(remarks('nothing', more)).toEqual([])
    expect(remarks('nothing', 'openQuestions: [Who should have known?]')).toMatchObject([
      { place: 'openQuestions[0]', text: 'should have' },
    ])
  })
})

describe('judging', () => {
  it.each([
    'The team failed to notice',
    'the reviewer failed to ask',
    'the engineer on call had failed to escalate',
    'operators of the night shift refused to stop it',
    'the desk also failed to call back',
    'the release manager forgot to wait',
    'nobody bothered, they neglected to look',
    'it failed to consider leap seconds',
    'they did not bother to test',
  ])('is remarked on: %s', (text) => {
    expect(remarks(text)).toMatchObject([{ why: 'judges, where it could tell' }])
  })

  it.each([
    'the circuit failed to open',
    'the breaker has failed to close',
    'the connection failed to authenticate',
    "the engineer's script failed to start",
    'the standby refused to take writes',
    'the team mailbox failed to deliver',
    'the worker failed to renew its lease',
  ])('is not what a thing did: %s', (text) => {
    expect(remarks(text)).toEqual([])
  })
})

describe('ending at a person', () => {
  it.each([
    'It was human error',
    'a human mistake',
    'this was a manual mistake',
    'an engineer’s oversight',
    'operator failure',
    'somebody made a big mistake',
    'mistakes were made',
    'a careless deploy',
    'a sloppy review',
    'there was a lack of attention',
    'a lazy review',
  ])('is remarked on: %s', (text) => {
    expect(remarks(text)).toMatchObject([{ why: 'ends the search at a person' }])
  })

  it.each([
    'the user error rate rises',
    'a page fault',
    'the gateway answered with an error',
    'the error budget was spent',
    'lazy loading of the table',
    'disk failure',
    'the form makes errors easy',
  ])('is not: %s', (text) => {
    expect(remarks(text)).toEqual([])
  })

  it.each([
    'they are to blame',
    'it is the fault of the vendor',
    "it was the desk's own fault",
    'the culprit is known',
  ])('looks for guilt: %s', (text) => {
    expect(remarks(text)).toMatchObject([{ why: 'looks for guilt' }])
  })

  it('a blameless review passes', () => {
    expect(remarks('the blameless review was held, and the default was wrong')).toEqual([])
  })
})

describe('names of persons', () => {
  it.each([
    ['it was merged by Jane Miller at noon', 'Jane Miller'],
    ['Jane Miller merged it', 'Jane Miller'],
    ['because Aurora Turner was on call', 'Aurora Turner'],
    ['M. Tanaka had the pager', 'M. Tanaka'],
    ['the flag of J. P. Okafor', 'J. P. Okafor'],
    ['the change was made by Ludwig van Dongen', 'Ludwig van Dongen'],
    ['Priya turned the flag on', 'Priya'],
    ['since Kwame deployed twice', 'Kwame'],
    ['After lunch Ines accidentally deleted the table', 'Ines'],
    ['Then Tomasz had also merged it', 'Tomasz'],
    ['it was approved by Olu', 'Olu'],
    ['the pager told Svetlana of it', 'Svetlana'],
    ["it ran on Birgit's laptop", 'Birgit'],
    ['Siobhan O’Neill looked', 'Siobhan O’Neill'],
    ['Priya S. looked', 'Priya S.'],
    ['Priya turned it', 'Priya'],
    ['Nadia, who had the pager, was asleep', 'Nadia'],
    ['Leila from the support desk told the partner', 'Leila'],
    ['Bogdan ran it by hand', 'Bogdan'],
    ['Sam refused to roll back', 'Sam'],
    ['the deploy that Yusuf started', 'Yusuf'],
    ['Fatima was on call', 'Fatima'],
    ['it was Ruby Tanner', 'Ruby Tanner'],
  ])('are asked about: %s', (text, name) => {
    expect(remarks(text)).toEqual([
      {
        place: 'whys[0].because',
        text: name,
        why: 'may name a person',
        suggestion: `Is ${name} a person? Then: Name the role: "the engineer on call".`,
      },
    ])
  })

  it.each([
    ['@jane merged it', '@jane'],
    ['ask jane.miller@shop.example', 'jane.miller@shop.example'],
    ['Dr. Haddad saw it', 'Dr. Haddad'],
  ])('are certain: %s', (text, name) => {
    expect(remarks(text)).toMatchObject([
      { text: name, why: 'names a person', suggestion: expect.any(String) as string },
    ])
  })

  it.each([
    'The Payment Provider answered late',
    'the primary of Amazon Aurora failed over',
    'Amazon Aurora was slow',
    'traffic moved to Google Cloud',
    'Google Cloud was late by a minute',
    'messages waited in Azure Service Bus',
    'rows wait in Redwood Heron',
    'the Redwood Heron answered late',
    'the Order Hub wrote twice',
    'Apache Kafka delivered it twice',
    'it was deployed on Black Friday',
    'it came with April Release',
    'it was restarted by Kubernetes',
    'it was paused by Monday',
    'Retries turned the load up',
    'Traffic turned red',
    'Monitoring turned the light on',
    'Nobody noticed it',
    'Somebody merged it',
    'Support Lead and Platform Team looked at it',
    'We deployed on Tuesday',
    'in Option B. Then the flag',
    'the job of Region A. Batches wait',
    'keys are UUIDs. Two are enough',
    'it uses @scope/package',
    'the engineer on call turned the flag on',
    "Stripe's change of the API",
  ])('are not: %s', (text) => {
    expect(remarks(text)).toEqual([])
  })

  it('are asked about where several are named in one breath', () => {
    expect(texts('it was turned on by Priya, Tom and Aiko')).toEqual(['Priya', 'Tom', 'Aiko'])
    expect(texts('it was turned on by Priya and Kubernetes')).toEqual(['Priya'])
  })

  it('are no words of the bundle: its services, sources, changes, and what it writes in lower case', () => {
    const own = `service: Heron Sable
sources: [{ id: robin-intake, kind: log, path: a.log }]`
    expect(texts('it was sent by Heron Sable')).toEqual(['Heron Sable'])
    expect(texts('it was sent by Heron Sable', own)).toEqual([])
    expect(texts('Robin skipped the row')).toEqual(['Robin'])
    expect(texts('Robin skipped the row', own)).toEqual([])
    expect(texts('Couriers changed the route')).toEqual([])
    expect(texts('Widgets changed the route')).toEqual(['Widgets'])
    expect(texts('Widgets changed the route', 'luck: [There were few widgets]')).toEqual([])
    const manifest = manifestWith(`summary: It was sent by Wren Osprey`)
    expect(blamelessRemarks(manifest, { names: ['wren_osprey_enabled'] })).toEqual([])
    expect(blamelessRemarks(manifest, { names: ['wren'] })).toHaveLength(1)
  })

  it('are asked about in every text, owners among them', () => {
    const places = (more: string) => remarks('nothing', more).map(({ place }) => place)
    expect(places('timeline: [{ at: 2026-01-01T00:00:00Z, phase: detect, text: Priya merged it }]')).toEqual([
      'timeline[0].text',
    ])
    expect(places('wentBadly: [Jane Miller was alone]')).toEqual(['wentBadly[0]'])
    expect(places('remediation: [{ action: Test it, owner: Priya }]')).toEqual(['remediation[0].owner'])
    expect(places('remediation: [{ action: Test it, owner: Jane Miller }]')).toEqual(['remediation[0].owner'])
    for (const owner of ['Platform Team', 'fulfilment team', 'SRE', 'engineer on call', 'Fulfilment'])
      expect(places(`remediation: [{ action: Test it, owner: ${owner} }]`)).toEqual([])
  })
})

it('imported lines are quotations: only names in them are asked about', () => {
  const imported = [{ text: 'it failed to connect' }, { text: 'somebody should have asked Jane Miller' }]
  const manifest = manifestWith()
  expect(blamelessRemarks(manifest, { imported }).map(({ place, text }) => [place, text])).toEqual([
    ['imported[1]', 'Jane Miller'],
  ])
})

it('every finding of a text is told, with its place and what to say instead', () => {
  const found = remarks(
    'it was human error: Jane Miller should have looked, and the reviewer should have asked',
  )
  expect(found.map(({ text }) => text)).toEqual(['should have', 'should have', 'human error', 'Jane Miller'])
  expect(found.every(({ suggestion }) => suggestion !== '')).toBe(true)
})
