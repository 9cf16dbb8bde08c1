/* The player: ${p}_start, then ${p}_play for block after block, ${p}_set_knob between them. */

#define ${P}_FS ${fs}
#define ${P}_LATENCY ${latency}
#define ${P}_INPUTS ${inputs}
#define ${P}_OUTPUTS ${outputs}
#define ${P}_KNOBS ${knobs}
#define ${P}_FRAME ${frame}
${numbers}
typedef ${real} ${p}_sample;

typedef struct {
  ${p}_state state;
  ${p}_prepared now;
${aims}  ${p}_sample knobs[${places}]; /* that are prepared */
  ${p}_sample asked[${places}]; /* where they shall be */
  int32_t left;     /* samples of the control frame that are still to come */
  int32_t is_fresh; /* nothing was played yet */
} ${p}_player;

/* The name of a knob, for a reader. */
${P}_LOCAL const char *${p}_knob_name(int32_t index) {
  switch (index) {
${names}    default: return "";
  }
}

/* At rest, with the knobs where they shall be: before another stream begins. */
${P}_LOCAL void ${p}_rest(${p}_player *player) {
  memcpy(player->knobs, player->asked, sizeof player->knobs);
  ${p}_init(&player->state, player->knobs);
  ${p}_prepare(&player->now, &player->state, player->knobs);
  player->left = 0;
  player->is_fresh = 1;
}

/* Before anything else: at rest, with the knobs at their defaults. */
${P}_LOCAL void ${p}_start(${p}_player *player) {
  static const ${p}_sample defaults[${places}] = {${defaults}};
  memset(player, 0, sizeof *player);
  memcpy(player->asked, defaults, sizeof player->asked);
  ${p}_rest(player);
}

${finite}/* Where a knob shall be. What is out of its range goes to the end, what is no number or no knob is passed over. */
${P}_LOCAL void ${p}_set_knob(${p}_player *player, int32_t index, ${p}_sample value) {
  static const ${p}_sample least[${places}] = {${least}}, most[${places}] = {${most}};
  if (index < 0 || index >= ${P}_KNOBS || !${p}_is_finite(value)) return;
  player->asked[index] = value < least[index] ? least[index] : value > most[index] ? most[index] : value;
}

${P}_LOCAL int ${p}_is_turned(const ${p}_player *player) {
  int32_t k;
  for (k = 0; k < ${P}_KNOBS; k++)
    if (player->knobs[k] != player->asked[k]) return 1;
  return 0;
}

/* A knob has moved: what follows from the knobs is prepared, for the end of a control frame that begins now. */
${P}_LOCAL void ${p}_turn(${p}_player *player) {
  memcpy(player->knobs, player->asked, sizeof player->knobs);
  ${p}_prepare(&player->${aim}, &player->state, player->knobs);
  player->left = ${start};
}

/* Whether the model's memory and what comes out are numbers. */
${P}_LOCAL int ${p}_is_sound(const ${p}_player *player, const ${p}_sample *out, int32_t count) {
  int32_t k;
  (void)player;
  for (k = 0; k < count; k++)
    if (!${p}_is_finite(out[k])) return 0;
${memory}  return 1;
}

${glide}/* A block: in of n*${P}_INPUTS numbers, out of n*${P}_OUTPUTS, sample after sample; out may be in${in_place}.
 * No memory is asked for, nothing is waited for. After a block that was fed what is no number, or that came to none,
 * the model begins anew at rest; that block is silent. */
${P}_LOCAL void ${p}_play(${p}_player *player, const ${p}_sample *in, ${p}_sample *out, int32_t n) {
  int32_t played = 0;
  if (n > 0 && player->is_fresh) {
    if (${p}_is_turned(player)) ${p}_rest(player);
    player->is_fresh = 0;
  }
  while (played < n) {
    const ${p}_sample *const x = in + played * ${P}_INPUTS;
    ${p}_sample *const y = out + played * ${P}_OUTPUTS;
    int32_t count = n - played;
    if (player->left == 0 && ${p}_is_turned(player)) ${p}_turn(player);
${step}    played += count;
  }
  if (!${p}_is_sound(player, out, played * ${P}_OUTPUTS)) {
    memset(out, 0, (size_t)(played * ${P}_OUTPUTS) * sizeof *out);
    ${p}_rest(player);
  }
}
${check}