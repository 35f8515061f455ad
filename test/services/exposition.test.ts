/** Prometheus' text format, as pods and monitors serve it. */
import { seriesIn, valuesOf } from '../../lib/services/exposition';

const SERVED = `# HELP http_request_duration_seconds Duration
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="+Inf",route="/a b"} 7
http_request_duration_seconds_count{route="/a",status="200"} 7
http_request_duration_seconds_count{route="/b",status="500"} 5 1700000000000
http_request_duration_seconds_count_other 100
queue 42
strange NaN
most +Inf
least -Inf
tiny 1.5e-7
path{file="C:\\\\temp\\\\new",said="\\"yes\\" }\\n, no"} 1
what is this

`;

test.each([
  ['http_request_duration_seconds_count', [7, 5]],
  ['queue', [42]],
  ['tiny', [1.5e-7]],
  ['strange', []],
  ['most', []],
  ['missing', []],
])('values of %s', (metric, values) => expect(valuesOf(SERVED, metric)).toEqual(values));

test('every series with its labels, in the order in which it is served', () =>
  expect(seriesIn(SERVED)).toEqual([
    { name: 'http_request_duration_seconds_bucket', labels: { le: '+Inf', route: '/a b' }, value: 7 },
    { name: 'http_request_duration_seconds_count', labels: { route: '/a', status: '200' }, value: 7 },
    { name: 'http_request_duration_seconds_count', labels: { route: '/b', status: '500' }, value: 5 },
    { name: 'http_request_duration_seconds_count_other', labels: {}, value: 100 },
    { name: 'queue', labels: {}, value: 42 },
    { name: 'strange', labels: {}, value: NaN },
    { name: 'most', labels: {}, value: Infinity },
    { name: 'least', labels: {}, value: -Infinity },
    { name: 'tiny', labels: {}, value: 1.5e-7 },
    { name: 'path', labels: { file: 'C:\\temp\\new', said: '"yes" }\n, no' }, value: 1 },
  ]));
