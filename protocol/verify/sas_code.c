#include "verify/sas_code.h"

static const struct {
    const char *picture, *name;
} table[KR_SAS_TABLE] = {
    {"🐶", "Dog"},          {"🐱", "Cat"},
    {"🦁", "Lion"},      {"🐎", "Horse"},
    {"🦄", "Unicorn"},   {"🐷", "Pig"},
    {"🐘", "Elephant"},     {"🐰", "Rabbit"},
    {"🐼", "Panda"},        {"🐓", "Rooster"},
    {"🐧", "Penguin"},      {"🐢", "Turtle"},
    {"🐟", "Fish"},         {"🐙", "Octopus"},
    {"🦋", "Butterfly"}, {"🌷", "Flower"},
    {"🌳", "Tree"},         {"🌵", "Cactus"},
    {"🍄", "Mushroom"},     {"🌏", "Globe"},
    {"🌙", "Moon"},         {"☁️", "Cloud"},
    {"🔥", "Fire"},         {"🍌", "Banana"},
    {"🍎", "Apple"},        {"🍓", "Strawberry"},
    {"🌽", "Corn"},         {"🍕", "Pizza"},
    {"🎂", "Cake"},         {"❤️", "Heart"},
    {"🙂", "Smiley"},    {"🤖", "Robot"},
    {"🎩", "Hat"},          {"👓", "Glasses"},
    {"🔧", "Spanner"},      {"🎅", "Santa"},
    {"👍", "Thumbs Up"},    {"☂️", "Umbrella"},
    {"⌛", "Hourglass"},    {"⏰", "Clock"},
    {"🎁", "Gift"},         {"💡", "Light Bulb"},
    {"📕", "Book"},         {"✏️", "Pencil"},
    {"📎", "Paperclip"},    {"✂️", "Scissors"},
    {"🔒", "Lock"},         {"🔑", "Key"},
    {"🔨", "Hammer"},       {"☎️", "Telephone"},
    {"🏁", "Flag"},         {"🚂", "Train"},
    {"🚲", "Bicycle"},      {"✈️", "Aeroplane"},
    {"🚀", "Rocket"},       {"🏆", "Trophy"},
    {"⚽", "Ball"},         {"🎸", "Guitar"},
    {"🎺", "Trumpet"},      {"🔔", "Bell"},
    {"⚓", "Anchor"},       {"🎧", "Headphones"},
    {"📁", "Folder"},       {"📌", "Pin"},
};

const char *kr_sas_emoji_picture(uint8_t index)
{
    return table[index % KR_SAS_TABLE].picture;
}

const char *kr_sas_emoji_name(uint8_t index)
{
    return table[index % KR_SAS_TABLE].name;
}

struct kr_sas_code kr_sas_code(const uint8_t bytes[static KR_SAS_CODE_BYTES])
{
    struct kr_sas_code code;
    uint64_t bits = 0; /* 48: the first 42 are seven pictures, the first 39 three numbers */
    for (unsigned i = 0; i < KR_SAS_CODE_BYTES; i++)
        bits = bits << 8 | bytes[i];
    for (unsigned i = 0; i < KR_SAS_EMOJI; i++)
        code.emoji[i] = (uint8_t)(bits >> (42 - 6 * i) & 63);
    for (unsigned i = 0; i < KR_SAS_NUMBERS; i++)
        code.numbers[i] = (uint16_t)((bits >> (35 - 13 * i) & 8191) + 1000);
    return code;
}
