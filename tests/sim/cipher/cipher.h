/* Which cipher the simulation's clients and service use: libolm and libsodium, or a null cipher that keeps
 * the contract of olm/olm.h and base/sign.h and no secret from anybody.
 *
 * The choice is the linker's doing (kr_sim_wrap in CMakeLists.txt: --wrap), so that production code knows
 * nothing of it and a program that is not wrapped cannot have it.
 *
 * The null cipher keeps the form and the sizes of Olm's messages, libolm's limits (100 one-time keys, 5
 * chains, 40 skipped messages, a gap of 2000) and draws as many random bytes in each call: one seed is one
 * run under both. It differs in this: a message above KR_CIPHERTEXT_MAX is KR_E_TOO_LARGE, and a pickle holds
 * the identity alone, without one-time keys. */
#ifndef KR_SIM_CIPHER_CIPHER_H
#define KR_SIM_CIPHER_CIPHER_H

#include <stdbool.h>

/* For the whole process, before the first account is made: accounts and sessions of one cipher must not meet
 * the other. Real until called. */
void kr_sim_cipher(bool null);

#endif
