import { type DynamicModule, Module } from '@nestjs/common';
import { JsonImport } from './json-import.js';

/** Provides the JsonImport. */
@Module({ providers: [JsonImport], exports: [JsonImport] })
export class ImportModule {
  /** On the rooms that it needs: DatabaseModule and KeyRingModule. */
  static on(...imports: DynamicModule[]): DynamicModule {
    return { module: ImportModule, imports };
  }
}
