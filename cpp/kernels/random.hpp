// Random numbers: torch's CPU streams. state[625] and cache[2] are described in random.cpp.
#pragma once

#include <cstdint>

namespace penlight {

struct RandomKernels {
  void (*seed)(uint32_t* state, uint64_t seed);
  void (*words)(uint32_t* out, uint32_t* state, int64_t n);
  void (*uniform_f32)(float* out, uint32_t* state, int64_t n, double low, double high);
  void (*uniform_f64)(double* out, uint32_t* state, int64_t n, double low, double high);
  void (*bernoulli_bool)(bool* out, uint32_t* state, int64_t n, double p);
  void (*bernoulli_f32)(float* out, uint32_t* state, int64_t n, double p);
  void (*bernoulli_f64)(double* out, uint32_t* state, int64_t n, double p);
  void (*dropout_f32)(float* out, bool* mask, const float* input, uint32_t* state, int64_t n,
                      double keep, double scale);
  void (*dropout_f64)(double* out, bool* mask, const double* input, uint32_t* state, int64_t n,
                      double keep, double scale);
  void (*integers)(int64_t* out, uint32_t* state, int64_t n, uint64_t base, uint64_t span,
                   bool wide);
  void (*permutation)(int64_t* out, uint32_t* state, int64_t n, bool wide);
  void (*exponential)(double* out, uint32_t* state, int64_t n, double rate);
  void (*cauchy)(double* out, uint32_t* state, int64_t n, double median, double sigma);
  void (*geometric)(double* out, uint32_t* state, int64_t n, double p);
  void (*normal_serial)(double* out, uint32_t* state, double* cache, int64_t n, double mean,
                        double std);
  void (*log_normal)(double* out, uint32_t* state, double* cache, int64_t n, double mean,
                     double std);
  void (*normal_blocks_f32)(float* out, uint32_t* state, int64_t n, double mean, double std);
  void (*normal_blocks_f64)(double* out, uint32_t* state, int64_t n, double mean, double std);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const RandomKernels kRandom;
}
#endif

}  // namespace penlight
