// The page's sentences in English and Chinese. A sentence may have {holes}.

const WORDS = {
  en: {
    skipLink: 'To the message', task: 'Task', views: 'Views',
    queue: 'Queue', try: 'Try', panel: 'Progress', labeled: 'Labeled',
    other: '中文', otherLanguage: 'Switch to Chinese',
    live: 'Live', offline: 'Connection lost, trying again',
    you: 'You are {name}', rename: 'Your name',
    waiting: '{n} waiting', message: 'Message', reasonLOW_CONFIDENCE: 'Not sure',
    reasonNOVEL: 'Something new', reasonAUDIT: 'Spot check',
    whyLOW_CONFIDENCE: 'The model is not sure of its answer.',
    whyNOVEL: 'This is unlike anything seen before.',
    whyAUDIT: 'Drawn at random to check how good the answers are.',
    confidence: 'confidence {p}', answers: '{n} of {of} labelers have answered',
    choices: 'Your decision', choose: 'Which answer is right?',
    writeAnswer: 'Which answer is right? Choose one, or write a better one.',
    search: 'Search all labels', searchHint: 'Type to search', newLabel: 'New label',
    newAnswer: 'Write an answer', fixed: 'The labels of this task are fixed in its definition.',
    skip: 'Skip', undo: 'Undo', help: 'Keys', noMatch: 'No label matches.',
    evidence: 'Nearest examples', noEvidence: 'There are no similar examples yet.',
    alike: 'Similar messages waiting', alikeHint: 'Tick those that get the same answer.',
    forMany: 'for {n} messages', groupHint: 'Your answer is for {n} messages: this one and those that you ticked.',
    groupRefused: '{n} similar messages were not saved: {message}', undecided: 'Learning has not confirmed it yet.',
    contradictsOthers: 'For {n} of the similar messages, almost the same one has another answer:',
    noAlike: 'No similar message waits.', all: 'all', none: 'none',
    empty: 'All done', emptyWhy: 'Nothing waits for you. New messages appear here by themselves.',
    noTask: 'There is no task yet', noTaskWhy: 'Add one with ./fewshot task apply FILE.',
    taken: 'Saved: {output}', takenMany: 'Saved {n} times: {output}', skipped: 'Skipped',
    undone: 'Taken back', nothingToUndo: 'There is nothing to take back.',
    contradicts: 'This contradicts what was said before',
    contradictsWhy: 'Almost the same message has another answer:',
    sure: 'Save it all the same', back: 'Think again', close: 'Close', save: 'Save',
    label: 'Label', answer: 'Answer',
    helpTitle: 'One key per decision', keyChoose: 'choose that answer', keySearch: 'search all labels',
    keyNew: 'new label, or write an answer', keySkip: 'skip this message',
    keyUndo: 'take the last answer back', keyHelp: 'this help', keyTabs: 'other views: Queue, Try, Progress, Labeled',
    keyAlike: 'tick all similar messages, or none',
    tryTitle: 'Try a message', tryText: 'Message', tryRun: 'Ask', tryRunning: 'Asking the stream …',
    tryHint: 'It is answered as a customer’s message would be. Nothing is learned from it.',
    output: 'Answer', accepted: 'decided alone', review: 'would ask people', rung: 'Rung',
    tokens: 'Prompt tokens', latency: 'Time', model: 'Model', candidates: 'Candidates',
    usedExamples: 'Examples used', prompt: 'What the model was asked', truncated: 'The message was shortened to fit.', noAnswer: 'no answer',
    share: 'Decided alone', acceptedAccuracy: 'Accuracy of what is decided alone',
    reviewAccuracy: 'Best guess where people were asked', labels: 'Labels spent', results: 'Messages answered',
    promise: 'Promise', promiseAccuracy: 'accuracy at least {p}', promiseShare: 'share at least {p}',
    promiseCost: 'at most {p} ms each', promiseConfidence: 'confidence at least {p}',
    promiseProven: 'kept: proven {low} from {n} audits', promiseOpen: 'not yet proven: {n} audits, {right} right',
    promiseUnchecked: 'not yet proven: no audits',
    audits: '{n} checks, 95 % interval {low} to {high}', unknown: 'not known yet',
    auditHint: 'needs checked messages', rungs: 'Answered by', releases: 'Releases', noReleases: 'No release yet.',
    serving: 'serving', learning: 'Accuracy over labels spent',
    learningHint: 'Share of right first answers among the last 25 labeled messages.',
    reliability: 'Confidence against correctness',
    reliabilityHint: 'On the line, confidence is what it claims to be. Larger dots: more messages.',
    needLabels: 'Appears after the first labels.', labelsInUse: 'Labels in use', renameLabel: 'Rename or merge',
    renameFrom: 'Label', renameTo: 'New name, or a label to merge into', renamed: 'Renamed in {n} examples and {waiting} waiting messages',
    labeledTitle: 'What was labeled', labeledNone: 'Nothing was labeled yet.',
    by: 'by {name}', firstWas: 'first answer: {output}', confirmed: 'confirmed',
    disputed: 'Labelers disagree', settle: 'Settle', open: 'more labelers wanted',
    loginTitle: 'Log in', password: 'Password', loginRun: 'Log in', logout: 'Log out',
    nameTitle: 'Who are you?', nameHint: 'Your name goes with your answers.',
    error_gone: 'Someone else has answered this message.', error_away: 'Kafka or the registry does not answer. Try again.',
    error_late: 'No result came within 30 seconds. Is the stream running?', error_label: 'The task’s definition does not have this label.',
    error_owner: 'Only an owner may do this.', error_password: 'Name or password is wrong.',
    error_attempts: 'Too many attempts. Wait a minute.', error_name: 'A name begins with a letter or digit.',
    error_busy: 'Too many messages are being tried. Wait a moment.', error_output: 'This answer is empty or too long.',
    error_failed: 'The server failed. Its log says why.', error_unknown: 'There is no such page.',
    error_network: 'The server does not answer. What you see stays here until it does.', error_refused: 'Not saved: {message}',
    error_fields: 'Not saved: {message}', error_login: 'Log in to go on.', error_other: 'That did not work: {message}',
    chartLearning: 'Line: accuracy {last} after {n} labels', chartReliability: '{n} groups of messages; confidence against the share that is right',
    axisLabels: 'labels', axisConfidence: 'confidence', axisRight: 'answers that are right'
  },
  zh: {
    skipLink: '跳到消息', task: '任务', views: '视图',
    queue: '队列', try: '试一试', panel: '进展', labeled: '已标注',
    other: 'English', otherLanguage: '切换到英文',
    live: '实时', offline: '连接已断开，正在重试',
    you: '您是 {name}', rename: '您的名字',
    waiting: '{n} 条待处理', message: '消息', reasonLOW_CONFIDENCE: '不确定',
    reasonNOVEL: '新情况', reasonAUDIT: '抽查',
    whyLOW_CONFIDENCE: '模型对自己的答案没有把握。',
    whyNOVEL: '与以前见过的都不一样。',
    whyAUDIT: '随机抽取，用来检查答案的质量。',
    confidence: '置信度 {p}', answers: '已有 {n} 人作答，共需 {of} 人',
    choices: '您的判断', choose: '哪个答案正确？',
    writeAnswer: '哪个答案正确？请选择，或写一个更好的。',
    search: '搜索全部标签', searchHint: '输入以搜索', newLabel: '新标签',
    newAnswer: '写答案', fixed: '此任务的标签由任务定义固定。',
    skip: '跳过', undo: '撤销', help: '按键', noMatch: '没有匹配的标签。',
    evidence: '最相近的示例', noEvidence: '还没有相近的示例。',
    alike: '相似的待处理消息', alikeHint: '请勾选要给同样答案的消息。',
    forMany: '用于 {n} 条消息', groupHint: '您的答案用于 {n} 条消息：这一条和您勾选的。',
    groupRefused: '{n} 条相似消息没有保存：{message}', undecided: '学习服务尚未确认。',
    contradictsOthers: '其中 {n} 条相似消息，几乎相同的消息有另一个答案：',
    noAlike: '没有相似的待处理消息。', all: '全选', none: '全不选',
    empty: '全部完成', emptyWhy: '没有需要您处理的消息。新消息会自动出现在这里。',
    noTask: '还没有任务', noTaskWhy: '用 ./fewshot task apply FILE 添加一个。',
    taken: '已保存：{output}', takenMany: '已保存 {n} 条：{output}', skipped: '已跳过',
    undone: '已撤销', nothingToUndo: '没有可以撤销的答案。',
    contradicts: '这与以前的答案矛盾',
    contradictsWhy: '几乎相同的消息有另一个答案：',
    sure: '仍然保存', back: '再想想', close: '关闭', save: '保存',
    label: '标签', answer: '答案',
    helpTitle: '一个按键一个决定', keyChoose: '选择该答案', keySearch: '搜索全部标签',
    keyNew: '新标签，或写答案', keySkip: '跳过这条消息',
    keyUndo: '撤销上一个答案', keyHelp: '显示本帮助', keyTabs: '其他视图：队列、试一试、进展、已标注',
    keyAlike: '勾选全部相似消息，或全不选',
    tryTitle: '试一条消息', tryText: '消息', tryRun: '提问', tryRunning: '正在询问 …',
    tryHint: '会像客户的消息一样得到回答，但系统不会从中学习。',
    output: '答案', accepted: '自动决定', review: '会请人判断', rung: '层级',
    prompt: '模型收到的提示词', tokens: '提示词词元数', latency: '用时', model: '模型', candidates: '候选答案',
    usedExamples: '使用的示例', truncated: '消息过长，已截短。', noAnswer: '没有答案',
    share: '自动决定的比例', acceptedAccuracy: '自动决定的准确率',
    reviewAccuracy: '请人判断时最佳猜测的准确率', labels: '已用标注', results: '已回答的消息',
    promise: '承诺', promiseAccuracy: '准确率不低于 {p}', promiseShare: '比例不低于 {p}',
    promiseCost: '每条不超过 {p} 毫秒', promiseConfidence: '置信度不低于 {p}',
    promiseProven: '已兑现：{n} 次抽查证明不低于 {low}', promiseOpen: '尚未证明：{n} 次抽查，{right} 次正确',
    promiseUnchecked: '尚未证明：没有抽查',
    audits: '{n} 次检查，95% 区间 {low} 至 {high}', unknown: '尚不清楚',
    auditHint: '需要检查过的消息', rungs: '回答来自', releases: '发布版本', noReleases: '还没有发布版本。',
    serving: '使用中', learning: '准确率与已用标注',
    learningHint: '最近 25 条标注中首次回答正确的比例。',
    reliability: '置信度与正确率',
    reliabilityHint: '在线上表示置信度名副其实。点越大，消息越多。',
    needLabels: '有了标注后会显示。', labelsInUse: '使用中的标签', renameLabel: '改名或合并',
    renameFrom: '标签', renameTo: '新名字，或要并入的标签', renamed: '已在 {n} 个示例和 {waiting} 条待处理消息中改名',
    labeledTitle: '已标注的消息', labeledNone: '还没有标注。',
    by: '{name}', firstWas: '首次回答：{output}', confirmed: '确认',
    disputed: '标注者意见不一', settle: '裁定', open: '还需要更多标注者',
    loginTitle: '登录', password: '密码', loginRun: '登录', logout: '退出登录',
    nameTitle: '您是谁？', nameHint: '您的名字会与答案一起保存。',
    error_gone: '其他人已经回答了这条消息。', error_away: 'Kafka 或注册中心没有响应，请重试。',
    error_late: '30 秒内没有结果。流处理服务在运行吗？', error_label: '任务定义中没有这个标签。',
    error_owner: '只有负责人可以这样做。', error_password: '名字或密码错误。',
    error_attempts: '尝试次数过多，请等一分钟。', error_name: '名字须以字母或数字开头。',
    error_busy: '正在试的消息太多，请稍等。', error_output: '答案为空或过长。',
    error_failed: '服务器出错，日志中有原因。', error_unknown: '没有这个页面。',
    error_network: '服务器没有响应。当前内容会保留，直到恢复。', error_refused: '没有保存：{message}',
    error_fields: '没有保存：{message}', error_login: '请登录后继续。', error_other: '操作失败：{message}',
    chartLearning: '折线：{n} 条标注后准确率 {last}', chartReliability: '{n} 组消息；置信度与正确比例',
    axisLabels: '标注', axisConfidence: '置信度', axisRight: '正确的答案'
  }
};

let current = 'en';

/** Takes what was chosen before, else what the browser prefers. */
export function chooseLanguage() {
  const preferred = stored() || (navigator.languages || [navigator.language])
    .map((each) => each.slice(0, 2)).find((each) => WORDS[each]);
  setLanguage(preferred || 'en', false);
}

function stored() {
  try {
    const language = localStorage.getItem('fewshot.language');
    return WORDS[language] ? language : null;
  } catch {
    return null;
  }
}

export function setLanguage(language, remember = true) {
  current = language;
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  if (remember) {
    try {
      localStorage.setItem('fewshot.language', language);
    } catch { /* Private windows forget; so does the page. */ }
  }
}

export function otherLanguage() {
  return current === 'en' ? 'zh' : 'en';
}

/** The sentence of that name, its holes filled. */
export function word(name, holes = {}) {
  const sentence = WORDS[current][name] ?? WORDS.en[name] ?? name;
  return sentence.replace(/\{(\w+)\}/g, (whole, hole) => holes[hole] ?? whole);
}

export function percent(value, digits = 0) {
  return new Intl.NumberFormat(current, { style: 'percent', maximumFractionDigits: digits }).format(value);
}

export function number(value) {
  return new Intl.NumberFormat(current).format(value);
}

export function time(millis) {
  return new Intl.DateTimeFormat(current, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(millis));
}
