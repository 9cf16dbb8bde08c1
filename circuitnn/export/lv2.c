/* What LV2 asks of a plug-in, https://lv2plug.in/ns/lv2core, declared here so that none of its headers is needed. */

#include <stdarg.h>
#include <stdio.h>

#if defined(_WIN32)
#define LV2_DOOR __declspec(dllexport)
#else
#define LV2_DOOR __attribute__((visibility("default")))
#endif

typedef struct {
  const char *uri;
  void *data;
} lv2_feature;

typedef struct lv2_plugin {
  const char *uri;
  void *(*instantiate)(const struct lv2_plugin *plugin, double fs, const char *folder, const lv2_feature *const *have);
  void (*connect_port)(void *instance, uint32_t port, void *place);
  void (*activate)(void *instance);
  void (*run)(void *instance, uint32_t samples);
  void (*deactivate)(void *instance);
  void (*cleanup)(void *instance);
  const void *(*extension_data)(const char *uri);
} lv2_plugin;

typedef struct {
  void *handle;
  int (*print)(void *handle, uint32_t kind, const char *format, ...);
  int (*print_list)(void *handle, uint32_t kind, const char *format, va_list list);
} lv2_log;

typedef struct {
  void *handle;
  uint32_t (*number)(void *handle, const char *uri);
} lv2_uri_map;

LV2_DOOR const lv2_plugin *lv2_descriptor(uint32_t index);

/* Ports: inputs, outputs, knobs, and the latency last where there is any. */
enum { PORTS = INPUTS + OUTPUTS + KNOBS + 1 };

typedef struct {
  const program *chosen;
  void *player;
  float *ports[PORTS];
} instance;

static void *feature(const lv2_feature *const *have, const char *uri) {
  for (; have && *have; have++)
    if (!strcmp((*have)->uri, uri)) return (*have)->data;
  return NULL;
}

static void tell(const lv2_feature *const *have, const char *words, double fs) {
  const lv2_log *log = (const lv2_log *)feature(have, "http://lv2plug.in/ns/ext/log#log");
  const lv2_uri_map *map = (const lv2_uri_map *)feature(have, "http://lv2plug.in/ns/ext/urid#map");
  if (log && map)
    log->print(log->handle, map->number(map->handle, "http://lv2plug.in/ns/ext/log#Error"), words, fs);
  else
    fprintf(stderr, words, fs);
}

static void *instantiate(const lv2_plugin *plugin, double fs, const char *folder, const lv2_feature *const *have) {
  const program *chosen = program_for(fs);
  instance *made;
  (void)plugin;
  (void)folder;
  if (!chosen) {
    tell(have, ${refusal}, fs);
    return NULL;
  }
  made = (instance *)calloc(1, sizeof *made);
  if (!made) return NULL;
  made->chosen = chosen;
  made->player = malloc(chosen->size);
  if (!made->player) {
    free(made);
    return NULL;
  }
  chosen->start(made->player);
  return made;
}

static void connect_port(void *self, uint32_t port, void *place) {
  if (port < PORTS) ((instance *)self)->ports[port] = (float *)place;
}

static void activate(void *self) {
  ((instance *)self)->chosen->start(((instance *)self)->player);
}

static void run(void *self, uint32_t samples) {
  instance *const here = (instance *)self;
  float *const *const ports = here->ports;
  int32_t k;
  for (k = 0; k < KNOBS; k++)
    if (ports[INPUTS + OUTPUTS + k]) here->chosen->set_knob(here->player, k, (sample)*ports[INPUTS + OUTPUTS + k]);
  if (ports[PORTS - 1]) *ports[PORTS - 1] = (float)here->chosen->latency;
  for (k = 0; k < INPUTS + OUTPUTS; k++)
    if (!ports[k]) return;
  play(here->chosen, here->player, (const float *const *)ports, ports + INPUTS, samples);
}

static void cleanup(void *self) {
  free(((instance *)self)->player);
  free(self);
}

static const lv2_plugin the_plugin = {${uri}, instantiate, connect_port, activate, run, NULL, cleanup, NULL};

LV2_DOOR const lv2_plugin *lv2_descriptor(uint32_t index) {
  return index == 0 ? &the_plugin : NULL;
}
