import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Figures } from '../figures.ts';
import { percentiles } from '../load/load.ts';
import type { Results } from '../results.ts';
import type { RatesResults } from '../runs/rates.ts';
import { targetTitles } from '../tables.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const targetColors = ['#5470c6', '#ee6666'];

/** A picture of the report: the name of its file, and the SVG. */
export interface Plot {
  readonly name: string;
  readonly svg: string;
}

type Named = readonly [target: keyof typeof targetTitles, figures: Figures];

/** The pictures that these results are enough for. */
export function plotsOf({ get, put, rates, growth }: Results): Plot[] {
  const reads: Named[] = get
    ? [
        ['service', get.service],
        ['baselineA', get.baselineA],
        ['baselineB', get.baselineB],
      ]
    : [];
  const writes: Named[] = put
    ? [
        ['service', put.service],
        ['baselineA', put.baselineA],
      ]
    : [];
  return [
    ...(get ? [throughput('get', 'GET: requests/s', reads), latency('get', 'GET: latency in ms', reads)] : []),
    ...(put ? [throughput('put', 'PUT: requests/s', writes), latency('put', 'PUT: latency in ms', writes)] : []),
    ...(rates ? atRates(rates) : []),
    ...(growth
      ? [
          draw('growth', 'GET: requests/s over members', {
            legend: { bottom: 0 },
            xAxis: { type: 'log', name: 'members' },
            yAxis: { type: 'value', min: 0 },
            series: (['service', 'baselineA'] as const).map((target) => ({
              type: 'line',
              name: targetTitles[target],
              data: growth.steps.map((step) => [step.members, step[target].rps]),
            })),
          }),
        ]
      : []),
  ];
}

/** A line for each percentile of latency at fixed rates: its name, and how it is drawn. */
const latencyLines = [
  [50, 'solid'],
  [95, 'dashed'],
  [99, 'dotted'],
  [99.9, [8, 3, 2, 3]],
] as const;

/** Latency and cost over the rate. */
function atRates({ steps }: RatesResults): Plot[] {
  const over = { legend: { bottom: 0 }, xAxis: { type: 'category', data: steps.map(({ rate }) => `${rate}/s`) } };
  const targets = ['service', 'baselineA'] as const;
  return [
    draw('rates-latency', 'GET at fixed rates: latency in ms', {
      ...over,
      yAxis: { type: 'log' },
      series: targets.flatMap((target, color) =>
        latencyLines.map(([percentile, type]) => ({
          type: 'line',
          name: `${target} p${percentile}`,
          color: targetColors[color],
          lineStyle: { type },
          data: steps.map((step) => step[target].latencyMs[percentile]),
        })),
      ),
    }),
    draw('rates-cpu', 'GET at fixed rates: CPU µs/request', {
      ...over,
      yAxis: { type: 'value', min: 0 },
      series: targets.map((target) => ({
        type: 'line',
        name: targetTitles[target],
        data: steps.map((step) => step[target].cpuUsPerRequest),
      })),
    }),
  ];
}

function throughput(name: string, title: string, targets: readonly Named[]): Plot {
  return draw(`${name}-throughput`, title, {
    xAxis: { type: 'category', data: targets.map(([target]) => targetTitles[target]) },
    yAxis: { type: 'value' },
    series: [{ type: 'bar', data: targets.map(([, { rps }]) => rps), label: { show: true, position: 'top' } }],
  });
}

function latency(name: string, title: string, targets: readonly Named[]): Plot {
  return draw(`${name}-latency`, title, {
    legend: { bottom: 0 },
    xAxis: { type: 'category', name: 'percentile', data: percentiles.map(String) },
    yAxis: { type: 'value', min: 0 },
    series: targets.map(([target, { latencyMs }]) => ({
      type: 'line',
      name: targetTitles[target],
      data: percentiles.map((percentile) => latencyMs[percentile]),
    })),
  });
}

function draw(name: string, title: string, option: EChartsCoreOption): Plot {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 640, height: 360 });
  chart.setOption({ animation: false, title: { text: title }, grid: { bottom: 60, outerBounds: {} }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return { name, svg };
}
