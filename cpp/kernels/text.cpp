#include "kernels/text.hpp"

#include <algorithm>
#include <cstring>

#include "support/lanes.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr uint64_t kHashBegin = 0xCBF29CE484222325u, kHashFactor = 0x100000001B3u;

// The last step of a hash over bytes (Fowler, Noll and Vo's 1a): its low bits are the weakest.
PENLIGHT_INLINE int64_t slot_of(uint64_t hash, int64_t capacity) {
  return static_cast<int64_t>((hash ^ (hash >> 32)) & static_cast<uint64_t>(capacity - 1));
}

PENLIGHT_INLINE uint64_t hashed(uint64_t hash, uint8_t byte) { return (hash ^ byte) * kHashFactor; }

// The length of the white space at `at`, 0 if there is none. A newline is not among it.
PENLIGHT_INLINE int64_t space_at(const uint8_t* at, const uint8_t* end) {
  const uint8_t byte = *at;
  if (byte < 0x80) {
    return byte == ' ' || (byte >= 9 && byte <= 13) || (byte >= 0x1C && byte <= 0x1F);
  }
  const int64_t left = end - at;
  if (byte == 0xC2) return left > 1 && (at[1] == 0x85 || at[1] == 0xA0) ? 2 : 0;
  if (left < 3 || byte < 0xE1 || byte > 0xE3) return 0;
  const int code = at[1] << 8 | at[2];
  switch (byte) {
    case 0xE1:
      return code == 0x9A80 ? 3 : 0;
    case 0xE3:
      return code == 0x8080 ? 3 : 0;
    default:
      return (code >= 0x8080 && code <= 0x808A) || code == 0x80A8 || code == 0x80A9 ||
                     code == 0x80AF || code == 0x819F
                 ? 3
                 : 0;
  }
}

// The number of a word, -1 if it is unknown. Slots that hold no word's number are empty.
int32_t find_word(const uint8_t* word, int64_t length, uint64_t hash, const WordIndex& index) {
  int64_t slot = slot_of(hash, index.capacity);
  for (int64_t tried = 0; tried < index.capacity; ++tried) {
    const int32_t found = index.slots[slot];
    if (found < 0 || found >= index.size) return -1;
    const int64_t begin = found > 0 ? index.ends[found - 1] : 0;
    if (index.ends[found] - begin == length &&
        std::memcmp(index.letters + begin, word, static_cast<size_t>(length)) == 0) {
      return found;
    }
    slot = (slot + 1) & (index.capacity - 1);
  }
  return -1;
}

void hash_words(int32_t* slots, const WordIndex& index) {
  std::fill(slots, slots + index.capacity, -1);
  int64_t begin = 0;
  for (int64_t i = 0; i < index.size; ++i) {
    uint64_t hash = kHashBegin;
    for (int64_t at = begin; at < index.ends[i]; ++at) hash = hashed(hash, index.letters[at]);
    int64_t slot = slot_of(hash, index.capacity);
    while (slots[slot] >= 0) slot = (slot + 1) & (index.capacity - 1);
    slots[slot] = static_cast<int32_t>(i);
    begin = index.ends[i];
  }
}

EncodedText encode(int32_t* out, const uint8_t* text, int64_t n, const WordIndex& index,
                   int64_t longest) {
  EncodedText done{0, 0};
  int64_t in_sentence = 0, sentence = 0;  // words of it seen, and where it begins in out
  const auto end_sentence = [&] {
    if (done.length > sentence) out[done.length++] = -1;
    sentence = done.length;
    in_sentence = 0;
  };
  const uint8_t *at = text, *end = text + n;
  while (at < end) {
    if (*at == '\n') {
      end_sentence();
      ++at;
    } else if (const int64_t space = space_at(at, end); space > 0) {
      at += space;
    } else {
      const uint8_t* word = at;
      uint64_t hash = kHashBegin;
      while (at < end && space_at(at, end) == 0) hash = hashed(hash, *at++);
      const int32_t number = find_word(word, at - word, hash, index);
      if (number >= 0) out[done.length++] = number;
      ++done.words;
      if (++in_sentence == longest) end_sentence();
    }
  }
  end_sentence();
  return done;
}

}  // namespace

const TextKernels kText{hash_words, encode};

}  // namespace penlight::PENLIGHT_LEVEL
