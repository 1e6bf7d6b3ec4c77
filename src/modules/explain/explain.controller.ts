import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { ExplainDto, ExplanationView, toExplanationView } from './explain.dto.js';
import { ExplainService } from './explain.service.js';

@ApiTags('bindings')
@AdminRoute('explain')
@Controller('admin/explain')
export class ExplainController {
  constructor(private readonly service: ExplainService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Say what a balancer would decide about a request, and why',
    description: 'Changes nothing',
  })
  @ApiOkResponse({ type: ExplanationView })
  @ApiProblems(400, 413, 415)
  async explain(@Body() dto: ExplainDto): Promise<ExplanationView> {
    return toExplanationView(await this.service.explain(dto));
  }
}
