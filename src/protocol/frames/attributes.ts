import { illegal } from '../../errors.ts'
import { withoutTrailing } from '../without-trailing.ts'

/**
 * Changes to the attributes of a topic, as its text says them: `+message.type=FIFO,-reserve.time`. Names keep their sign;
 * the value of a removed one is empty. Throws `ERR_RMQ_ILLEGAL` for a name without a sign or said twice (`AttributeParser`).
 */
export const parseAttributes = (text: string): ReadonlyMap<string, string> => {
  const attributes = new Map<string, string>()
  const changes = withoutTrailing(text, ',')
  if (changes === '') return attributes
  for (const change of changes.split(',')) {
    const [name = '', value] = change.split('=')
    const sign = value === undefined ? '-' : '+'
    if (!name.startsWith(sign) || value === '')
      throw illegal(`attribute "${change.slice(0, 64)}": expected +name=value or -name`)
    if (attributes.has(name)) throw illegal(`attribute "${name.slice(0, 64)}": expected one change, found two`)
    attributes.set(name, value ?? '')
  }
  return attributes
}
