import { map } from 'rxjs'
import type { Board } from './board.ts'
import type { TopicBoards } from './topic-boards.ts'

/**
 * The boards of a reply: first the broker that brought the request, which surely knows who asked; when that one fails, the
 * others of the cluster, where the asker may be known as well.
 */
export const boardsNear = (boards: TopicBoards, brokerName: string): TopicBoards => {
  const turned = (board: Board): Board => ({
    ...board,
    queues: [
      ...board.queues.filter(queue => queue.brokerName === brokerName),
      ...board.queues.filter(queue => queue.brokerName !== brokerName),
    ],
  })
  return {
    ...boards,
    board: topic => {
      const board = boards.board(topic)
      return board === undefined ? undefined : turned(board)
    },
    board$: (topic, timeoutMs) => boards.board$(topic, timeoutMs).pipe(map(turned)),
    rotation: () => ({ cursor: 0 }), // from the front
  }
}
