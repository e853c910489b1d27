import { describe, expect, it } from 'vitest'
import { importTimeline, importTimelines } from '../../../src/incidents/index.ts'

describe('time lines of other tools', () => {
  it('come from a Slack export, without who said it', () => {
    const slack = [
      {
        type: 'message',
        user: 'U1',
        ts: '1767225600.000200',
        text: '<@U2> customers report double charges, see <https://x.example|the graph>',
      },
      { type: 'message', user: 'U2', ts: '1767226200.000100', text: 'rolled back &amp; watching' },
      { type: 'message', subtype: 'channel_join', user: 'U3', ts: '1767226300.000100', text: 'joined' },
    ]
    expect(importTimeline(JSON.stringify(slack), 's.json')).toMatchObject([
      {
        at: '2026-01-01T00:00:00.000Z',
        phase: 'detect',
        text: 'A responder customers report double charges, see the graph',
        source: 'chat',
        importance: 'high',
      },
      { phase: 'mitigate', text: 'rolled back & watching' },
    ])
  })

  it('come from a log of a pager', () => {
    const log = {
      log_entries: [
        {
          created_at: '2026-01-01T00:00:00Z',
          type: 'trigger_log_entry',
          summary: 'Triggered',
          channel: { summary: 'Error rate' },
        },
        { created_at: '2026-01-01T00:02:00Z', type: 'acknowledge_log_entry', summary: 'Acknowledged' },
        { created_at: '2026-01-01T00:30:00Z', type: 'resolve_log_entry', summary: 'Resolved' },
      ],
    }
    expect(importTimeline(JSON.stringify(log), 'p.json').map(({ phase, text }) => [phase, text])).toEqual([
      ['detect', 'Triggered: Error rate'],
      ['escalate', 'Acknowledged'],
      ['resolve', 'Resolved'],
    ])
  })

  it('come from a CSV, and are refused where a time has no zone', () => {
    const csv = 'at,text,phase,source,importance\n2026-01-01T00:00:00Z,"Seen, at last",detect,desk,high\n'
    expect(importTimeline(csv, 't.csv')).toMatchObject([
      { phase: 'detect', text: 'Seen, at last', source: 'desk', importance: 'high' },
    ])
    expect(() => importTimeline('at,text\n2026-01-01 00:00,x\n', 't.csv')).toThrow(
      /t\.csv, row 2: at must be a time with its zone/,
    )
  })

  it.each([['[]'], ['{"a":1}'], ['when,what\n1,2\n'], ['[{"x":1}]']])(
    'are refused where they are none: %s',
    (text) => {
      expect(() => importTimeline(text, 'x')).toThrow(/x must be a Slack export/)
    },
  )

  const pager = { type: 'resolve_log_entry', summary: 'Resolved' }
  it.each([
    ['[null]', 'x must be a Slack export'],
    ['at,text\n2026-01-01T00:00:00Z,"not closed\n', 'x is no CSV'],
    ['at,text,phase\n2026-01-01T00:00:00Z,a,fixing\n', 'x, row 2: phase must be empty, or one of detect'],
    [
      JSON.stringify([{ type: 'message', ts: '1e300', text: 'a' }]),
      'x, entry 1: ts must be seconds since 1970',
    ],
    [
      JSON.stringify({ log_entries: [{ ...pager, created_at: '2026-01-01 00:00' }] }),
      'x, entry 1: created_at must be a time with its zone',
    ],
  ])('are refused with the place: %s', (text, told) => {
    expect(() => importTimeline(text, 'x')).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(told) as string }),
    )
  })
})

const said = (given: unknown) => importTimeline(JSON.stringify(given), 'x.json').map(({ text }) => text)
const message = (text: string, more: object = {}) => ({
  type: 'message',
  user: 'U1',
  ts: '1767225600.000200',
  text,
  ...more,
})

describe('people of imported time lines', () => {
  const users = [
    { id: 'U1', name: 'jmiller', real_name: 'Jane Miller', profile: { title: 'Incident Commander' } },
    { id: 'U2', name: 'will', profile: { real_name: 'Will Okafor', display_name: 'woka' } },
    { id: 'B1', name: 'deploybot', real_name: 'Deploy Bot', is_bot: true },
  ]

  it.each([
    ['<@U1> looks', 'The incident commander looks'],
    ['asked <@U2|will> and <@U9>', 'asked a responder and a responder'],
    ['Jane Miller rolled it back', 'The incident commander rolled it back'],
    ['we told Jane, and Miller agreed', 'we told the incident commander, and the incident commander agreed'],
    ["it is on jmiller's branch", "it is on the incident commander's branch"],
    ['@jmiller please', 'The incident commander please'],
    [
      'Will is on it and will be back; @will knows',
      'A responder is on it and will be back; a responder knows',
    ],
    ['woka has it', 'a responder has it'],
    ['mail jane.miller@shop.example or @somebodyelse', 'mail a responder or a responder'],
    ['Deploy Bot rolled out 4.2', 'Deploy Bot rolled out 4.2'],
    ['<!subteam^S1|@oncall> and <!here>', 'oncall and here'],
    ['Janet and Millers are others', 'Janet and Millers are others'],
  ])('leave the texts of a Slack export: %s', (text, expected) => {
    expect(said({ users, messages: [message(text)] })).toEqual([expected])
  })

  it('are known from users.json beside the channel, and from profiles in messages', () => {
    const files = [
      { name: 'users.json', text: JSON.stringify(users) },
      { name: 'day.json', text: JSON.stringify([message('Jane Miller and <@U2> look')]) },
    ]
    expect(importTimelines(files).map(({ text }) => text)).toEqual([
      'The incident commander and a responder look',
    ])
    const profile = { user: 'U7', user_profile: { real_name: 'Ada Quill', name: 'aquill' } }
    expect(said([message('I look', profile), message('Ada Quill looks, says aquill')])).toEqual([
      'I look',
      'A responder looks, says a responder',
    ])
  })

  it('are not told apart by a first name that two of them have', () => {
    const two = [
      { id: 'U1', name: 'a1', real_name: 'Kim Abel', role: 'database lead' },
      { id: 'U2', name: 'b1', real_name: 'Kim Baker', role: 'network lead' },
    ]
    expect(said({ users: two, messages: [message('Kim looks, Kim Abel restarts')] })).toEqual([
      'A responder looks, the database lead restarts',
    ])
  })

  const logged = (summary: string, more: object = {}) => ({
    created_at: '2026-01-01T00:00:00Z',
    type: 'acknowledge_log_entry',
    summary,
    ...more,
  })

  it.each([
    [
      'Acknowledged by Jane Miller',
      { agent: { type: 'user_reference', summary: 'Jane Miller' } },
      'Acknowledged by a responder',
    ],
    [
      'Jane Miller acknowledged',
      { agent: { type: 'user', summary: 'Jane Miller', job_title: 'SRE', role: 'admin' } },
      'The SRE acknowledged',
    ],
    [
      'Assigned: Ada Quill',
      { assignees: [{ summary: 'Ada Quill', role: 'limited_user' }] },
      'Assigned: a responder',
    ],
    ['Ada Quill took it', { assigned_to: 'Ada Quill' }, 'A responder took it'],
    [
      'Ada Quill took it',
      { incident: { assignments: [{ assignee: { name: 'Ada Quill' } }] } },
      'A responder took it',
    ],
    // Nobody here says who that is.
    ['Acknowledged by Ada Quill', {}, 'Acknowledged by a responder'],
    ['Assigned to Ada Quill by Jane Miller', {}, 'Assigned to a responder by a responder'],
    [
      'Resolved by Monitoring Service',
      { agent: { type: 'service_reference', summary: 'Monitoring Service' } },
      'Resolved by Monitoring Service',
    ],
    ['Escalated to Platform Team', {}, 'Escalated to Platform Team'],
  ])('leave the texts of a pager: %s', (summary, more, expected) => {
    expect(said({ log_entries: [logged(summary, more)] })).toEqual([expected])
  })

  it('leave the texts of a CSV with a column of authors', () => {
    const csv = `at,author,role,text,source
2026-01-01T00:00:00Z,Jane Miller,incident commander,Jane Miller looks,Jane Miller
2026-01-01T00:01:00Z,Ada Quill,,"told Jane, Quill restarts",desk
2026-01-01T00:02:00Z,support desk,,the support desk calls,desk
`
    expect(importTimeline(csv, 'x.csv').map(({ text, source }) => [text, source])).toEqual([
      ['The incident commander looks', 'The incident commander'],
      ['told the incident commander, a responder restarts', 'desk'],
      ['the support desk calls', 'desk'],
    ])
  })
})
