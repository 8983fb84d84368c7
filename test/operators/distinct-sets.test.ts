import { from } from 'rxjs'
import { expect, it } from 'vitest'
import { distinctSets } from '../../src/operators/distinct-sets.ts'

it.each([
  ['says a set that has grown, shrunk or changed', ['a', 'ab', 'b', 'c', ''], ['a', 'ab', 'b', 'c', '']],
  ['is silent about the same members, in whatever order', ['', '', 'ab', 'ba', 'ab'], ['', 'ab']],
  ['compares with the set before, not with all that ever were', ['a', 'b', 'a'], ['a', 'b', 'a']],
])('distinctSets %s', (_, sets, told) => {
  const heard: string[] = []
  from(sets.map(members => new Set(members)))
    .pipe(distinctSets())
    .subscribe(set => heard.push([...set].join('')))
  expect(heard).toEqual(told)
})
