// dotdesk through Slack's Node SDK: answers what came in by text message.
//
//     npm install @slack/web-api
//     export DOTDESK_URL=http://127.0.0.1:8080 DOTDESK_TOKEN=dd_live_…
//     node examples/with_slack_sdk.mjs
//
// The SDK is what it is; only the address is another. Every method of dotdesk is called as apiCall('<resource>.<method>').
import { randomUUID } from 'node:crypto';
import { WebClient } from '@slack/web-api';

const desk = new WebClient(process.env.DOTDESK_TOKEN, {
    slackApiUrl: `${process.env.DOTDESK_URL}/api`,
    // Waiting when there were too many calls is what the SDK does by itself; this is for a server that is not well.
    retryConfig: { retries: 3 },
});

const who = await desk.auth.test();
console.log(`${who.user} of ${who.team}, at ${who.url}`);

// Lists come page by page.
const members = [];
for await (const page of desk.paginate('users.list', { limit: 200, fields: ['id', 'name'] })) members.push(...page.data);
console.log(`${members.length} users`);

// Objects and lists may stand among the arguments. A key makes it safe to send the same call again.
const team = await desk.apiCall('teams.create', {
    name: 'Sms Customer Service',
    query: { conversations: 'source:*sms' },
    user_ids: members.slice(0, 2).map((member) => member.id),
    idempotency_key: randomUUID(),
});
console.log(`Team ${team.name}: ${team.id}`);

for await (const page of desk.paginate('teams.listConversations', { id: team.id, limit: 50 })) {
    for (const conversation of page.data) {
        const sent = await desk.apiCall('messages.send', { conversation_id: conversation.id, text: 'We are on it.' });
        console.log(`Answered #${conversation.number}: ${sent.id}`);
    }
}

// What goes wrong has a code, and every wrong argument a place.
try {
    await desk.apiCall('teams.update', { id: team.id, nmae: 'x' });
} catch (error) {
    console.log(error.data.error);
    for (const problem of error.data.errors) console.log(`  ${problem.pointer}: ${problem.message}`);
}

await desk.apiCall('teams.delete', { id: team.id });
