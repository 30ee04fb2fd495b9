import { Module } from '@nestjs/common';
import { Boot } from './boot.js';

@Module({ providers: [Boot], exports: [Boot] })
export class BootModule {}
