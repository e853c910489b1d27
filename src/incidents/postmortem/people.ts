/* Words for people by what they do, and words for things: what tells a role, a person and a service apart. */

/** Nouns of roles. Whoever is called by one is not named. */
const roleWords =
  'engineer|developer|programmer|operator|admin|administrator|analyst|architect|tester|reviewer|author|owner|manager|lead|leader|head|director|commander|responder|coordinator|lieutenant|supervisor|dispatcher|agent|clerk|member|colleague|employee|contractor|vendor|intern|junior|senior|staff|crew|team|squad|group|guild|desk|department|office|support|management|operations|ops|sre|person|people|human|man|woman|somebody|someone|everybody|everyone|nobody|anybody|anyone|we|they|he|she|you|i|who|user|customer|caller|partner|on-call'

const role = `(?:${roleWords})s?`

/** A text that speaks of people by their role: "support lead", "platform team". */
export const rolePattern: RegExp = new RegExp(String.raw`\b${role}\b`, 'i')

/** The same as a source, for patterns that go on from it. */
export const roleSource: string = String.raw`\b${role}`

/*
 * Kinds of things that carry a name of their own: "Order Hub", "Redwood Ledger". Then makers and makes that are written of so often that
 * they would be asked about in each post-mortem, and the calendar.
 */
const thingPattern = new RegExp(
  String.raw`^(?:${[
    'account|agent|alert|analytics|api|app|application|archive|backend|balancer|bank|batch|billing|board|bot|box|breaker|broker|bucket|bus|cache|carrier|catalogue?|centre|center|channel|check|checkout|client|cloud|cluster|code|collector|company|compute|connector|console|container|controller|core|corp|cron|customer|dashboard|data|database|delivery|deployment|desk|device|disk|dispatch|dispatcher|document|domain|edge|email|endpoint|engine|event|exchange|export|feature|feed|file|firewall|flag|flow|framework|front|frontend|function|gateway|graph|grid|group|guard|handler|host|hub|id|identity|import|incident|index|input|instance|integration|interface|inventory|invoice|job|journal|key|lake|lambda|layer|ledger|library|line|link|listener|load|lock|log|logic|mail|manager|mart|mesh|message|metric|middleware|migration|mode|model|module|monitor|monitoring|network|node|note|notification|operator|order|output|page|panel|parcel|partner|pay|payment|pipeline|plan|plane|platform|plugin|pod|policy|pool|portal|post|print|printer|process|processor|product|project|protocol|provider|proxy|query|queue|rail|rate|record|region|registry|release|report|request|resource|retry|route|router|rule|runner|runtime|schedule|scheduler|schema|script|sdk|search|security|segment|sender|server|service|session|settlement|shard|ship|shipment|shipping|shop|shuttle|site|source|space|stack|stage|staging|standard|station|status|step|stock|storage|store|stream|suite|support|switch|sync|system|table|target|task|team|template|terminal|test|thread|ticket|timer|tool|topic|tracker|traffic|transaction|transfer|trigger|tunnel|update|user|validator|vault|version|view|volume|warehouse|watch|watchdog|web|webhook|window|wizard|worker|workflow|works|zone|season|sale|weekend|north|south|east|west|central|global',
    'adyen|airflow|akamai|alertmanager|alibaba|amazon|android|ansible|apache|apple|argo|atlassian|aws|azure|cassandra|celery|chrome|cisco|cloudflare|confluent|consul|datadog|debian|dell|django|docker|dynamo|elastic|envoy|facebook|fastly|firefox|flink|google|grafana|hadoop|hashicorp|hetzner|heroku|hibernate|http|ibm|intel|istio|java|jenkins|jira|kafka|kibana|klarna|kotlin|kubernetes|lambda|linux|magento|mastercard|meta|microsoft|mongo|nagios|netflix|netlify|nginx|node|nomad|okta|oracle|paypal|postgres|prometheus|pulsar|python|rabbit|redhat|rails|redis|redshift|ruby|sage|salesforce|sap|sentry|shopify|slack|snowflake|solaris|spark|splunk|spring|square|stripe|sybase|temporal|terraform|tomcat|twilio|ubuntu|unix|varnish|vercel|visa|vmware|windows|worldpay|xero|zendesk|zookeeper',
    'january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|christmas|easter|berlin|london|paris|frankfurt|dublin|york|europe|asia|america|africa|virginia|oregon|ireland|english|utc|gmt',
  ].join('|')})(?:e?s)?$`,
  'i',
)

/** A word that belongs to a thing, a place or the calendar. */
export function isThing(word: string): boolean {
  return thingPattern.test(word) || rolePattern.test(word)
}

/** Months, places and products that people are called by too: before a surname they are given names. */
export function isGivenNameToo(word: string): boolean {
  return /^(?:april|may|june|august|austin|london|paris|ruby|sage|virginia)$/i.test(word)
}

/** Words of the grammar, capitalised where a sentence begins with them. */
const grammar =
  /^(?:the|a|an|this|that|these|those|each|every|both|all|some|any|no|none|nothing|many|most|more|few|several|other|another|such|same|our|their|its|his|her|my|your|it|one|two|three|four|five|six|seven|eight|nine|ten|first|second|third|last|next|since|when|whenever|after|before|if|unless|in|on|at|by|but|and|or|for|from|with|without|while|because|as|then|than|there|here|why|how|what|where|which|whose|whether|did|does|do|was|were|is|are|has|have|had|can|could|will|would|should|may|might|must|only|even|also|not|now|later|today|yesterday|until|till|once|again|still|during|between|under|over|above|below|about|against|to|of|off|up|down|out|so|yet|however|instead|therefore|neither|nor|either|everything|something|anything|never|always|please|thanks|yes|seen|said|mitigation|root|see|let)$/i

export function isGrammar(word: string): boolean {
  return grammar.test(word)
}
