import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Drain } from './drain.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestLog } from './request-log.js';

@Module({ providers: [Drain, RequestLog, { provide: APP_FILTER, useClass: ProblemFilter }] })
export class HttpModule {}
