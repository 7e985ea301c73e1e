import './api.ts'
import { startConsumer, stopConsumer } from './consumer.ts'
import './schedule.ts'

startConsumer()

// This module starts the consumer, so it does not accept: its own save restarts the process. Before that: no new jobs, and those
// under way finish.
import.meta.hot?.dispose(stopConsumer)
