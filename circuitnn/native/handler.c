/* The handler of XLA's foreign functions around a program. Before it stand the program, and what handler.py defines:
   CN_REAL, CN_STATE, CN_PREPARED, CN_VALUES and CN_PREPARE, CN_PROCESS; CN_IN, CN_OUT features, CN_LEAVES, CN_KNOBS,
   CN_NUMBERS: how many arrays of state, knobs and values there are; CN_STATE_MEMBERS, CN_VALUE_MEMBERS: where in their
   structs; CN_RANKS: of the inputs without their batch; CN_LANES: streams side by side, and where there are several,
   CN_WIDE_STATE, CN_WIDE_PREPARED, CN_WIDE_REAL, CN_WIDE_PROCESS, and how numbers are taken into their vectors and out;
   CN_ONE_COPY where these streams read one CN_PREPARED. */

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "xla/ffi/api/c_api.h"

enum { CN_MOST_AXES = 12, CN_INPUTS = CN_LEAVES + 1 + CN_KNOBS + CN_NUMBERS, CN_OUTPUTS = CN_LEAVES + 1 };
enum { CN_ALONE = 4096 }; /* samples of all streams together that are not worth waking another thread for */

typedef struct { size_t offset, bytes; } cn_member;
static const cn_member cn_state_members[] = {CN_STATE_MEMBERS{0, 0}};
static const cn_member cn_value_members[] = {CN_VALUE_MEMBERS{0, 0}};
static const int cn_ranks[] = CN_RANKS;

enum { CN_PIECE = 256 }; /* samples that are brought side by side at a time */

/* What one stream after the other is played in; or CN_LANES of them side by side. */
typedef struct {
  CN_STATE state[CN_LANES];
  CN_PREPARED prepared;
#ifdef CN_VALUES
  CN_VALUES values[CN_LANES];
#endif
  CN_REAL knobs[CN_LANES][CN_KNOBS + 1];
  const CN_REAL *x[CN_LANES], *turned[CN_LANES][CN_KNOBS + 1];
#if CN_LANES > 1
  CN_WIDE_STATE wide_state;
  CN_WIDE_PREPARED wide_prepared;
  CN_WIDE_REAL in[CN_PIECE * CN_IN], out[CN_PIECE * CN_OUT];
#endif
} cn_room;

/* One call: all streams of a batch. The last thread that leaves frees it. */
typedef struct {
  int axes;
  int64_t sizes[CN_MOST_AXES], streams, time;
  const char *in[CN_INPUTS];
  int64_t strides[CN_INPUTS][CN_MOST_AXES]; /* bytes along the axes of the batch; 0 where all streams have the same */
  int64_t moves[CN_KNOBS + 1];              /* 1 where a knob has a value for each sample */
  char *out[CN_OUTPUTS];
  const XLA_FFI_Api *api;
  XLA_FFI_Future *future;
  atomic_llong next, done;
  atomic_int threads, has_failed;
} cn_job;

/* Take the numbers of a stream to its lane. */
static void cn_load(const cn_job *job, cn_room *room, int lane, int64_t stream) {
  const char *in[CN_INPUTS];
  int64_t rest = stream;
  for (int k = 0; k < CN_INPUTS; k++) in[k] = job->in[k];
  for (int axis = job->axes - 1; axis >= 0; axis--) {
    const int64_t index = rest % job->sizes[axis];
    rest /= job->sizes[axis];
    for (int k = 0; k < CN_INPUTS; k++) in[k] += index * job->strides[k][axis];
  }
  for (int k = 0; k < CN_LEAVES; k++)
    memcpy((char *)&room->state[lane] + cn_state_members[k].offset, in[k], cn_state_members[k].bytes);
#ifdef CN_VALUES
  for (int k = 0; k < CN_NUMBERS; k++)
    memcpy((char *)&room->values[lane] + cn_value_members[k].offset, in[CN_LEAVES + 1 + CN_KNOBS + k],
           cn_value_members[k].bytes);
#endif
  room->x[lane] = (const CN_REAL *)in[CN_LEAVES];
  for (int k = 0; k < CN_KNOBS; k++) room->turned[lane][k] = (const CN_REAL *)in[CN_LEAVES + 1 + k];
}

static void cn_prepare(cn_room *room, int lane) {
#ifdef CN_VALUES
  CN_PREPARE(&room->prepared, &room->state[lane], &room->values[lane], room->knobs[lane]);
#else
  CN_PREPARE(&room->prepared, &room->state[lane], room->knobs[lane]);
#endif
}

static void cn_store(const cn_job *job, const cn_room *room, int lane, int64_t stream) {
  for (int k = 0; k < CN_LEAVES; k++)
    memcpy(job->out[k] + stream * cn_state_members[k].bytes, (const char *)&room->state[lane] + cn_state_members[k].offset,
           cn_state_members[k].bytes);
}

/* Turn the knobs to where they are at a sample; up to which one they all stay there. */
static int64_t cn_turned(const cn_job *job, cn_room *room, int lanes, int64_t start) {
  const int64_t last = job->time - start > INT32_MAX ? start + INT32_MAX : job->time;
  int64_t stop = start + 1;
  int is_moving = 0, is_still = 1;
  for (int k = 0; k < CN_KNOBS; k++) is_moving |= job->moves[k] != 0;
  for (int lane = 0; lane < lanes; lane++)
    for (int k = 0; k < CN_KNOBS; k++) room->knobs[lane][k] = room->turned[lane][k][start * job->moves[k]];
  if (!is_moving) return last;
  while (stop < last && is_still) {
    for (int lane = 0; lane < lanes; lane++)
      for (int k = 0; k < CN_KNOBS; k++) is_still &= room->turned[lane][k][stop * job->moves[k]] == room->knobs[lane][k];
    stop += is_still;
  }
  return stop;
}

static void cn_play(const cn_job *job, cn_room *room, int64_t stream) {
  CN_REAL *y = (CN_REAL *)job->out[CN_LEAVES] + stream * job->time * CN_OUT;
  cn_load(job, room, 0, stream);
  for (int64_t start = 0; start < job->time;) {
    const int64_t stop = cn_turned(job, room, 1, start);
    cn_prepare(room, 0);
    CN_PROCESS(room->state, &room->prepared, room->x[0] + start * CN_IN, y + start * CN_OUT, (int32_t)(stop - start));
    start = stop;
  }
  cn_store(job, room, 0, stream);
}

#if CN_LANES > 1
/* Several streams from `first` on; lanes without one play the last again, and nobody hears it. */
static void cn_play_wide(const cn_job *job, cn_room *room, int64_t first) {
  int64_t stream[CN_LANES];
  CN_REAL *y[CN_LANES];
  for (int lane = 0; lane < CN_LANES; lane++) {
    stream[lane] = first + lane < job->streams ? first + lane : job->streams - 1;
    y[lane] = (CN_REAL *)job->out[CN_LEAVES] + stream[lane] * job->time * CN_OUT;
    cn_load(job, room, lane, stream[lane]);
    CN_WIDEN_STATE(room->wide_state, room->state[lane], lane)
  }
  for (int64_t start = 0; start < job->time;) {
    const int64_t stop = cn_turned(job, room, CN_LANES, start);
#ifdef CN_ONE_COPY
    int is_one = 1;
    for (int lane = 0; lane < CN_LANES; lane++) {
      cn_prepare(room, lane);
      if (lane == 0) memcpy(&room->wide_prepared, &room->prepared, sizeof room->prepared);
      is_one &= memcmp(&room->wide_prepared, &room->prepared, sizeof room->prepared) == 0;
    }
    if (!is_one) { /* one after the other */
      for (int lane = 0; lane < CN_LANES && first + lane < job->streams; lane++) {
        CN_NARROW_STATE(room->state[lane], room->wide_state, lane)
        cn_prepare(room, lane);
        CN_PROCESS(&room->state[lane], &room->prepared, room->x[lane] + start * CN_IN, y[lane] + start * CN_OUT,
                   (int32_t)(stop - start));
        CN_WIDEN_STATE(room->wide_state, room->state[lane], lane)
      }
      start = stop;
    }
#else
    for (int lane = 0; lane < CN_LANES; lane++) {
      cn_prepare(room, lane);
      CN_WIDEN_PREPARED(room->wide_prepared, room->prepared, lane)
    }
#endif
    while (start < stop) {
      const int32_t count = stop - start > CN_PIECE ? CN_PIECE : (int32_t)(stop - start);
      for (int lane = 0; lane < CN_LANES; lane++)
        for (int n = 0; n < count * CN_IN; n++) room->in[n][lane] = room->x[lane][start * CN_IN + n];
      CN_WIDE_PROCESS(&room->wide_state, &room->wide_prepared, room->in, room->out, count);
      for (int lane = 0; lane < CN_LANES && first + lane < job->streams; lane++)
        for (int n = 0; n < count * CN_OUT; n++) y[lane][start * CN_OUT + n] = room->out[n][lane];
      start += count;
    }
  }
  for (int lane = 0; lane < CN_LANES && first + lane < job->streams; lane++) {
    CN_NARROW_STATE(room->state[lane], room->wide_state, lane)
    cn_store(job, room, lane, stream[lane]);
  }
}
#endif

static XLA_FFI_Error *cn_error(const XLA_FFI_Api *api, XLA_FFI_Error_Code code, const char *message) {
  XLA_FFI_Error_Create_Args args = {XLA_FFI_Error_Create_Args_STRUCT_SIZE, NULL, message, code};
  return api->XLA_FFI_Error_Create(&args);
}

/* A thread takes one stream after the other, until there is none; who has played the last one says so. */
static void cn_work(void *data) {
  cn_job *job = data;
  char *memory = calloc(1, sizeof(cn_room) + 64); /* vectors stand at multiples of their length */
  cn_room *room = memory == NULL ? NULL : (cn_room *)(memory + 64 - (uintptr_t)memory % 64);
  if (room == NULL) atomic_store(&job->has_failed, 1);
  for (;;) {
    const int64_t first = CN_LANES * atomic_fetch_add(&job->next, 1), left = job->streams - first;
    if (left <= 0) break;
    const int64_t taken = left < CN_LANES ? left : CN_LANES;
    if (room != NULL) {
#if CN_LANES > 1
      if (taken >= CN_FEW) cn_play_wide(job, room, first);
      else
#endif
        for (int64_t stream = first; stream < first + taken; stream++) cn_play(job, room, stream);
    }
    if (atomic_fetch_add(&job->done, taken) + taken == job->streams && job->future != NULL) {
      if (atomic_load(&job->has_failed)) {
        XLA_FFI_Future_SetError_Args args = {XLA_FFI_Future_SetError_Args_STRUCT_SIZE, NULL, job->future,
            cn_error(job->api, XLA_FFI_Error_Code_RESOURCE_EXHAUSTED, "circuitnn: no memory for a stream")};
        job->api->XLA_FFI_Future_SetError(&args);
      } else {
        XLA_FFI_Future_SetAvailable_Args args = {XLA_FFI_Future_SetAvailable_Args_STRUCT_SIZE, NULL, job->future};
        job->api->XLA_FFI_Future_SetAvailable(&args);
      }
    }
  }
  free(memory);
  if (atomic_fetch_sub(&job->threads, 1) == 1) free(job);
}

/* Where the numbers of each stream are; what does not fit is said. */
static const char *cn_arrange(cn_job *job, const XLA_FFI_Args *args, const XLA_FFI_Rets *rets) {
  if (args->size != CN_INPUTS || rets->size != CN_OUTPUTS) return "circuitnn: another number of arrays than the program has";
  const XLA_FFI_Buffer *y = rets->rets[CN_LEAVES], *x = args->args[CN_LEAVES];
  job->axes = (int)y->rank - 2;
  if (job->axes < 0 || job->axes > CN_MOST_AXES) return "circuitnn: too many axes of a batch";
  job->streams = 1;
  for (int axis = 0; axis < job->axes; axis++) job->streams *= job->sizes[axis] = y->dims[axis];
  job->time = y->dims[job->axes];
  if (y->dims[job->axes + 1] != CN_OUT) return "circuitnn: another number of outputs than the program has";
  for (int k = 0; k < CN_OUTPUTS; k++) job->out[k] = ((const XLA_FFI_Buffer *)rets->rets[k])->data;
  for (int k = 0; k < CN_INPUTS; k++) {
    const XLA_FFI_Buffer *array = args->args[k];
    int64_t bytes = k >= CN_LEAVES ? sizeof(CN_REAL) : 1, own = 1;
    if (array->rank != job->axes + cn_ranks[k]) return "circuitnn: an array with another number of axes";
    for (int64_t axis = job->axes; axis < array->rank; axis++) own *= array->dims[axis];
    if (k < CN_LEAVES) own = (int64_t)cn_state_members[k].bytes;
    if (k > CN_LEAVES + CN_KNOBS) { bytes = 1; own = (int64_t)cn_value_members[k - CN_LEAVES - 1 - CN_KNOBS].bytes; }
    bytes *= own;
    for (int axis = job->axes - 1; axis >= 0; axis--) {
      const int64_t size = array->dims[axis];
      if (size != 1 && size != job->sizes[axis]) return "circuitnn: arrays of different batches";
      job->strides[k][axis] = size == 1 ? 0 : bytes;
      bytes *= size;
    }
    job->in[k] = array->data;
  }
  if (x->dims[job->axes] != job->time || x->dims[job->axes + 1] != CN_IN) return "circuitnn: x of another shape than y";
  for (int k = 0; k < CN_KNOBS; k++) {
    const int64_t values = ((const XLA_FFI_Buffer *)args->args[CN_LEAVES + 1 + k])->dims[job->axes];
    if (values != 1 && values != job->time) return "circuitnn: a knob of another length than x";
    job->moves[k] = values != 1;
  }
  return NULL;
}

XLA_FFI_Error *circuitnn_block(XLA_FFI_CallFrame *frame) {
  const XLA_FFI_Api *api = frame->api;
  XLA_FFI_Extension_Base *extension = frame->extension_start;
  if (extension != NULL && extension->type == XLA_FFI_Extension_Metadata) {
    XLA_FFI_Metadata *metadata = ((XLA_FFI_Metadata_Extension *)extension)->metadata;
    metadata->api_version.struct_size = XLA_FFI_Api_Version_STRUCT_SIZE;
    metadata->api_version.major_version = XLA_FFI_API_MAJOR;
    metadata->api_version.minor_version = XLA_FFI_API_MINOR;
    metadata->traits = 0;
    return NULL;
  }
  cn_job *job = calloc(1, sizeof *job);
  if (job == NULL) return cn_error(api, XLA_FFI_Error_Code_RESOURCE_EXHAUSTED, "circuitnn: no memory for a block");
  const char *problem = cn_arrange(job, &frame->args, &frame->rets);
  if (problem != NULL) {
    free(job);
    return cn_error(api, XLA_FFI_Error_Code_INVALID_ARGUMENT, problem);
  }
  job->api = api;
  int64_t threads = 1;
  if (job->streams > 1 && job->streams * job->time > CN_ALONE) {
    XLA_FFI_ThreadPool_NumThreads_Args args = {XLA_FFI_ThreadPool_NumThreads_Args_STRUCT_SIZE, NULL, frame->ctx, &threads};
    XLA_FFI_Error *error = api->XLA_FFI_ThreadPool_NumThreads(&args);
    if (error != NULL) {
      XLA_FFI_Error_Destroy_Args gone = {XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, NULL, error};
      api->XLA_FFI_Error_Destroy(&gone);
      threads = 1;
    }
    const int64_t groups = (job->streams + CN_LANES - 1) / CN_LANES;
    if (threads > groups) threads = groups;
  }
  atomic_init(&job->next, 0);
  atomic_init(&job->done, 0);
  atomic_init(&job->has_failed, 0);
  atomic_init(&job->threads, 1);
  if (threads > 1) { /* this thread plays too; who plays last tells XLA, and nobody waits */
    XLA_FFI_Future_Create_Args future = {XLA_FFI_Future_Create_Args_STRUCT_SIZE, NULL, NULL};
    XLA_FFI_Error *error = api->XLA_FFI_Future_Create(&future);
    if (error != NULL) {
      free(job);
      return error;
    }
    frame->future = job->future = future.future;
    for (int64_t other = 1; other < threads; other++) {
      XLA_FFI_ThreadPool_Schedule_Args args = {XLA_FFI_ThreadPool_Schedule_Args_STRUCT_SIZE, NULL, frame->ctx, cn_work, job};
      atomic_fetch_add(&job->threads, 1);
      error = api->XLA_FFI_ThreadPool_Schedule(&args);
      if (error != NULL) { /* then with fewer */
        XLA_FFI_Error_Destroy_Args gone = {XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, NULL, error};
        api->XLA_FFI_Error_Destroy(&gone);
        atomic_fetch_sub(&job->threads, 1);
        break;
      }
    }
    cn_work(job);
    return NULL;
  }
  atomic_fetch_add(&job->threads, 1); /* so that it can be asked afterwards */
  cn_work(job);
  const int has_failed = atomic_load(&job->has_failed);
  free(job);
  return has_failed ? cn_error(api, XLA_FFI_Error_Code_RESOURCE_EXHAUSTED, "circuitnn: no memory for a stream") : NULL;
}
