import { describe, expect, it } from 'vitest'
import { settingsAsText } from '../../src/consumer/group/running-info.ts'
import { codecs, on, topic } from '../../src/index.ts'

describe('settings as text', () => {
  it('are named by where they stand, and leave out what is no value', () => {
    const settings = {
      group: 'g',
      flow: { span: 2_000, deep: { deeper: { still: 1 } } },
      verifyBodyCrc: true,
      startFrom: new Date(5),
      subscribe: [on(topic('t', codecs.text))],
      allocate: () => undefined,
      missing: undefined,
    }
    expect(settingsAsText(settings)).toEqual({
      group: 'g',
      'flow.span': '2000',
      'flow.deep.deeper.still': '1',
      verifyBodyCrc: 'true',
      startFrom: '5',
    })
  })

  it('have an end, however deep and long they are', () => {
    const loop: Record<string, unknown> = { text: 'x'.repeat(1_000) }
    loop['self'] = loop
    const texts = settingsAsText(loop)
    expect(Object.keys(texts)).toEqual(['text', 'self.text', 'self.self.text', 'self.self.self.text'])
    expect(texts['text']).toHaveLength(200)
  })
})
