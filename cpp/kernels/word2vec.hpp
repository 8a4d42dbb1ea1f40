// Word2Vec (Mikolov et al. 2013, arXiv 1301.3781 and 1310.4546): skip-gram and CBOW, each with
// negative sampling, hierarchical softmax or both.
//
// The words of a window meet the centre and its negatives as one small dense product, the negatives
// being drawn once a window (Ji et al. 2016, arXiv 1604.04661). Several threads may train the same
// tables at a time; what is lost when two write one row is little (Recht et al. 2011, arXiv
// 1106.5730).
#pragma once

#include <cstdint>

namespace penlight {

// Rows are `stride` floats, the end of each filled up with zeros: `stride` is a multiple of
// kRowFloats.
struct WordTables {
  float* inputs;   // (V, stride)
  float* outputs;  // (V, stride) of negative sampling; null: not used
  float* nodes;    // (V - 1, stride) of the tree's inner nodes; null: not used
  int64_t size;    // V
  int64_t stride;

  static constexpr int64_t kRowFloats = 16;
};

// The alias table of the noise distribution (Walker 1977): a word is drawn with its neighbour, and
// is itself if a number below 2^32 is below its threshold.
struct NoiseTable {
  const uint32_t* thresholds;  // (V)
  const int32_t* aliases;      // (V)
  int64_t negative;            // words drawn a window
};

// Where each word stands in the tree: its inner nodes from the root on, and its turns at them.
struct WordPaths {
  const int64_t* starts;  // (V + 1)
  const int32_t* nodes;   // (starts[V])
  const uint8_t* turns;   // (starts[V]), 0 or 1
};

struct WindowRule {
  int64_t window;
  bool shrink;  // a window is of 1 to `window` words on each side, drawn
  bool cbow;    // the words of a window together predict the centre; else each does
  bool mean;    // together: their mean, else their sum
  float alpha;
  bool with_loss;
};

struct TrainingCount {
  double loss;       // summed over examples, in nats; 0 unless wanted
  int64_t examples;  // (word, centre) pairs, or windows where the words predict together
  int64_t words;     // words that sub-sampling kept
};

struct Word2VecKernels {
  // Trains on tokens (N): words, or -1 at the end of a sentence. A word is left out unless a number
  // below 2^32 is at most keep[word]. `seed` decides all draws.
  TrainingCount (*train)(const WordTables& tables, const int32_t* tokens, int64_t n,
                         const uint32_t* keep, const NoiseTable& noise, const WordPaths& paths,
                         const WindowRule& rule, uint64_t seed);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Word2VecKernels kWord2Vec;
}
#endif

}  // namespace penlight
