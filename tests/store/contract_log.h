/* Cases of the contract that are about the log and what goes in time. */
#ifndef KR_TESTS_STORE_CONTRACT_LOG_H
#define KR_TESTS_STORE_CONTRACT_LOG_H

void a_checkpoint_is_shown_with_what_witnesses_signed(void **state);
void what_is_too_old_goes(void **state);
void a_guest_is_forgotten_unless_something_was_decided(void **state);

#endif
