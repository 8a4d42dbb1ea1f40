// Text to numbers: the words of UTF-8 text looked up in a vocabulary.
#pragma once

#include <cstdint>

namespace penlight {

// Words one after another in `letters`; word i ends at ends[i] and begins where the one before does
// so. `slots`, whose number is a power of two, is a hash table of word numbers, -1 where it is
// empty.
struct WordIndex {
  const uint8_t* letters;
  const int64_t* ends;   // (V)
  int64_t size;          // V
  const int32_t* slots;  // (capacity)
  int64_t capacity;
};

struct EncodedText {
  int64_t length;  // numbers written
  int64_t words;   // words seen, known or not
};

struct TextKernels {
  // Fills the slots, more than V of them.
  void (*hash_words)(int32_t* slots, const WordIndex& index);
  // Writes the numbers of the known words of text (n), and -1 behind each line, and behind each
  // `longest` words of one, that had a known word. What Python's str.split() splits at separates
  // words. out has room for n + 1.
  EncodedText (*encode)(int32_t* out, const uint8_t* text, int64_t n, const WordIndex& index,
                        int64_t longest);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const TextKernels kText;
}
#endif

}  // namespace penlight
