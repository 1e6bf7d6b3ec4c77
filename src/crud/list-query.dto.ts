import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length, Matches } from 'class-validator';
import { QueryInt } from '../http/parameters.js';

/** Which page of a list. */
export class PageQueryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100_000, default: 1 })
  @IsOptional()
  @QueryInt(1, 100_000)
  page?: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 20 })
  @IsOptional()
  @QueryInt(1, 200)
  page_size?: number;
}

export class ListQueryDto extends PageQueryDto {
  @ApiPropertyOptional({
    type: String,
    minLength: 1,
    maxLength: 128,
    description: 'Text that occurs in the name, in any case',
  })
  @IsOptional()
  @IsString()
  @Length(1, 128)
  search?: string;

  @ApiPropertyOptional({
    type: String,
    example: '-id',
    description: 'A field of the allow-list; `-` in front for descending order',
  })
  @IsOptional()
  @Matches(/^-?[a-z_]{1,40}$/)
  sort?: string;
}
