// R10: a server with a small rate limit, and what @slack/web-api makes of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { token, url } from './desk.mjs';

const { ErrorCode, LogLevel, WebClient, WebClientEvent } = await import(process.env.SDK);
const options = { slackApiUrl: `${url}/api`, logLevel: LogLevel.ERROR };

/** Calls until it is too often. */
async function useUp() {
    for (let i = 0; i < 200; i++) {
        const answer = await fetch(`${url}/api/teams.list`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
        if (answer.status === 429) return answer;
        assert.equal(answer.status, 200);
    }
    assert.fail('the limit was never reached');
}

test('R10: the SDK waits as long as it is told to, and succeeds', async () => {
    const client = new WebClient(token, options);
    const waits = [];
    client.on(WebClientEvent.RATE_LIMITED, (seconds) => waits.push(seconds));
    const answer = await useUp();
    assert.match(answer.headers.get('retry-after'), /^[1-9][0-9]*$/);
    const began = Date.now();
    assert.ok((await client.apiCall('teams.list', { limit: 1 })).ok);
    assert.ok(waits.length > 0 && waits.every((seconds) => Number.isInteger(seconds) && seconds >= 1), String(waits));
    assert.ok(Date.now() - began >= 1000);
});

test('R10: a client that does not want to wait gets the seconds', async () => {
    await useUp();
    const client = new WebClient(token, { ...options, rejectRateLimitedCalls: true });
    const error = await client.apiCall('teams.list').then(() => assert.fail('it was not refused'), (error) => error);
    assert.equal(error.code, ErrorCode.RateLimitedError);
    assert.ok(Number.isInteger(error.retryAfter) && error.retryAfter >= 1);
});
