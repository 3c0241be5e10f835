// `<script src="https://SERVER/muster/ice-reporter.js">` for pages of applications: before the session is connected,
// `MusterIceReporter.watch(token)`.
export { watch } from './watch';
