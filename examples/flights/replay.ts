import { concatMap, interval, take } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Flight } from './flight.ts'

/** The flights as events: a day of them every few ms, so that three months go by in about a second. */
export const replay$ = (flights: readonly Flight[], dayMs: number): Observable<Flight> => {
  const days = byDay(flights)
  return interval(dayMs).pipe(
    take(days.length),
    concatMap(day => days[day] ?? []),
  )
}

const byDay = (flights: readonly Flight[]): readonly (readonly Flight[])[] => {
  const days = new Map<string, Flight[]>()
  for (const flight of flights) {
    const day = flight.date.slice(0, 10)
    days.set(day, [...(days.get(day) ?? []), flight])
  }
  return [...days.values()]
}
