"""The sentences of every code that is not a connector type's own: what happened, and what to do next.

Codes and parameters are stored; these texts are translated and filled in when somebody reads them.
"""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.format_sentences import SENTENCES as FORMAT_SENTENCES
from approdo.sdk.text import marked as _
from approdo.sdk.webhook_sentences import SENTENCES as WEBHOOK_SENTENCES

SENTENCES: Mapping[str, Sentence] = {
    **FORMAT_SENTENCES,
    **WEBHOOK_SENTENCES,
    # settings of the installation
    "unreadable_setting_file": Sentence(
        _("The file named by {name} cannot be read: {reason}."), _("Correct the path or its permissions.")
    ),
    "setting_not_a_number": Sentence(
        _("{name} has to be a whole number, not “{value}”."), _("Correct it in the environment or in .env.")
    ),
    "setting_not_a_choice": Sentence(
        _("{name} has to be one of {choices}, not “{value}”."), _("Correct it in the environment or in .env.")
    ),
    "setting_not_a_url": Sentence(
        _("{name} has to be an address, not “{value}”."), _("Write it as https://approdo.example.com, without a path.")
    ),
    "setting_too_small": Sentence(
        _("{name} has to be at least {least}, not {value}."), _("Correct it in the environment or in .env.")
    ),
    "setting_required": Sentence(
        _("{name} is required with PostgreSQL."),
        _("Set it to the same value on every host; `approdo up` on SQLite makes its own."),
    ),
    "home_not_writable": Sentence(
        _("The folder {path} cannot be used: {reason}."), _("Set APPRODO_HOME to a folder of yours.")
    ),
    "unknown_database": Sentence(
        _("Approdo does not know databases of the kind “{scheme}”."),
        _("Set APPRODO_DATABASE_URL to postgresql://…, or leave it out for SQLite."),
    ),
    "bad_encryption_key": Sentence(
        _("{name} holds a key that is not a Fernet key."),
        _("Each key is 32 bytes in URL-safe base64; put the newest first."),
    ),
    "other_encryption_key": Sentence(
        _("This database was encrypted with another key."),
        _(
            "Start with the APPRODO_ENCRYPTION_KEYS it was made with, old keys after the new one. Where those are lost"
            " for good, `approdo keys forget` gives up what they encrypted."
        ),
    ),
    "secret_missing": Sentence(
        _("The secrets of the node “{node}” are missing: they were lost with the encryption keys."),
        _("Enter them on the node's page or with `approdo apply`; until then nothing is read from it."),
    ),
    "signing_secret_lost": Sentence(
        _("The signing secret of the recipient “{name}” was lost with the encryption keys."),
        _("Enter one on the recipient's page or with `approdo apply`; until then it is sent nothing."),
    ),
    "no_hub": Sentence(
        _("There is no hub in {place} yet."),
        _("Check APPRODO_HOME and APPRODO_DATABASE_URL; `approdo up` or `approdo migrate` makes one."),
    ),
    "being_restored": Sentence(
        _("A copy is being restored into this database."), _("Start again once `approdo restore` has ended.")
    ),
    "still_alive": Sentence(
        _("This database is in use (workers: {workers}, web servers: {webs})."),
        _("End `approdo up`, `approdo web` and `approdo worker` on every host, then try again."),
    ),
    "copy_is_newer": Sentence(
        _("This copy was made by Approdo {version}, which is newer than this one."),
        _("Install that version or a newer one, then restore again. Nothing was touched."),
    ),
    "copy_of_other_keys": Sentence(
        _("This copy was encrypted with keys that are not here: nobody could read credentials and consumers in it."),
        _(
            "Put its own encryption keys into {place}, then restore again; where those are lost for good, add"
            " `--forget-keys`. Nothing was touched."
        ),
    ),
    "copy_of_other_keys_within": Sentence(
        _("This copy was encrypted with keys that are not in {place}, but in itself."),
        _("Put what `unzip -p FILE encryption.keys` prints into {place}, then restore again. Nothing was touched."),
    ),
    "hub_in_use": Sentence(
        _("There is a hub in {place} already."),
        _("With --replace the copy takes its place, and the file before it is kept under `backups`."),
    ),
    "hub_in_use_on_server": Sentence(
        _("There is a hub in the database {place} already."),
        _(
            "With --replace the copy takes its place, and what the database holds is gone:"
            " keep it with `approdo backup` before."
        ),
    ),
    "hub_is_newer": Sentence(
        _("The hub in the database {place} is of a newer version, whose tables this one does not know."),
        _("Restore with that version, or into an empty database. Nothing was touched."),
    ),
    "schema_behind": Sentence(_("The database is of an older version."), _("Run `approdo migrate`, then start again.")),
    "database_unreachable": Sentence(
        _("The database cannot be reached: {reason}."),
        _("Check APPRODO_DATABASE_URL and that the server runs."),
    ),
    # options and records
    "invalid_options": Sentence(_("Some options are not valid: {options}.")),
    "unknown_option": Sentence(_("There is no such option.")),
    "missing_option": Sentence(_("This field is required.")),
    "not_text": Sentence(_("This has to be a text.")),
    "control_characters": Sentence(_("This text holds invisible characters; type it again.")),
    "not_a_choice": Sentence(_("“{value}” is not a valid choice."), _("Choose among: {choices}.")),
    "not_a_list": Sentence(_("This has to be a list.")),
    "not_a_group": Sentence(_("This holds options of its own: {names}.")),
    "not_a_flag": Sentence(_("This has to be true or false, not “{value}”.")),
    "not_a_number": Sentence(_("“{value}” is not a whole number.")),
    "not_a_date": Sentence(_("“{value}” is not a date; write it as 2026-05-01.")),
    "not_a_url": Sentence(_("“{value}” is not an address; write it as https://….")),
    "unknown_node_type": Sentence(_("There is no node type “{name}”."), _("Known types: {known}.")),
    "unknown_connector_type": Sentence(_("There is no connector type “{name}”."), _("Known types: {known}.")),
    "unknown_configuration_type": Sentence(_("There is no kind of configuration “{name}”.")),
    "account_in_use": Sentence(
        _("The node “{node}” already uses this account."),
        _("One account belongs to one node: its quota and its orders would otherwise be shared."),
    ),
    "node_of_other_type": Sentence(_("A connector of this type needs a node of the type “{expected}”.")),
    "type_is_fixed": Sentence(_("The type of a saved record cannot be changed."), _("Add a new one.")),
    "configuration_missing": Sentence(_("Choose a configuration.")),
    "configuration_of_other_type": Sentence(_("This configuration is of another kind.")),
    "time_range_missing": Sentence(_("Choose a time range.")),
    "record_in_use": Sentence(_("“{name}” is in use: {users}."), _("Delete or change what uses it first.")),
    "record_has_history": Sentence(
        _("“{name}” stays, because what was downloaded through it stays."),
        _("Without an active connector it does nothing any more."),
    ),
    "record_not_found": Sentence(_("There is no {kind} called “{name}”."), _("Check the name.")),
    "empty_time_range": Sentence(
        _("This time range is empty."), _("Its length has to be at least one hour, its start before its end.")
    ),
    "time_range_too_long": Sentence(
        _("Amazon keeps orders for six months: at most {days} days can be read."), _("Choose a shorter length.")
    ),
    "time_range_both": Sentence(_("Give either a length or two dates, not both and not neither.")),
    "time_range_reversed": Sentence(_("The first date is after the last.")),
    "no_change_date": Sentence(
        _("Direct Fulfillment orders have no change date: they cannot be asked for by it."),
        _("Choose a time range by creation date, or by both: then what is not yet shipped is read again each time."),
    ),
    "no_change_date_used": Sentence(
        _("The configuration “{configuration}” reads Direct Fulfillment orders, which have no change date."),
        _("Leave it by creation date or by both, or give that configuration another time range."),
    ),
    "beyond_six_months": Sentence(
        _("Amazon keeps orders for six months: {start} is too far back."),
        _("Choose a time range that starts later."),
    ),
    "not_a_duration": Sentence(
        _("“{value}” is not a length of time."), _("Write it as “7 days”, “48 hours” or “5 minutes”.")
    ),
    "delay_out_of_range": Sentence(_("The delay has to be between 0 and 1440 minutes.")),
    "bad_cursor": Sentence(
        _("This cursor is not valid."), _("Use `next_cursor` of the former page unchanged, or start again.")
    ),
    # runs
    "internal": Sentence(
        _("Approdo itself failed ({reason})."),
        _("This is a bug: please report it with the run's number and the log of that time."),
    ),
    "unreadable_document": Sentence(
        _("Order {number} could not be read and was set aside: {reason}."),
        _("Its raw text is kept; the rest of the page was stored."),
    ),
    "unreadable_status": Sentence(
        _("The status of order {number} could not be read and was set aside: {reason}."),
        _("Its raw text is kept; the rest of the page was stored."),
    ),
    "older_status": Sentence(_("Order {number}: an older status arrived late and did not replace the newer one.")),
    "no_number": Sentence(_("it has no order number")),
    "field_too_long": Sentence(_("the field “{field}” is longer than {limit} characters")),
    "control_character": Sentence(_("the field “{field}” holds a character that cannot be stored")),
    "number_out_of_range": Sentence(_("the number in “{field}” is too large")),
    "order_left_out": Sentence(_("{count} orders in states that this configuration does not tick were left out.")),
    "older_version": Sentence(_("Order {number}: an older version arrived late and did not replace the newer one.")),
    "unusually_quiet": Sentence(
        _(
            "Unusually quiet: no order since {since}, {days} whole days."
            " The longest pause in the weeks before: {longest} days."
        ),
        _(
            "Compare with Vendor Central. Until you write on the node's page why it is quiet,"
            " the last eight weeks are read again every day."
        ),
    ),
    "not_quiet": Sentence(_("The account of “{node}” is not unusually quiet: there is nothing to explain.")),
    "set_aside_ended": Sentence(_("This document does not wait any more: it was stored or given up.")),
    "text_too_long": Sentence(_("This text is longer than {most} characters."), _("Make it shorter.")),
    "gap_unfinished": Sentence(
        _("Begun and not read to its end."), _("Run the connector again: it reads what is missing.")
    ),
    "gap_being_read": Sentence(_("Being read now.")),
    "gap_not_asked": Sentence(
        _("No run asked for this time."), _("A relative time range, or fixed dates over these days, reads it.")
    ),
    "taken_over": Sentence(
        _("The worker {gone} ended in the middle; the worker {worker} went on at {at}."),
        _("Nothing is lost or doubled: it went on after the last stored page."),
    ),
    "worker_lost": Sentence(_("The worker of this run ended before the run did."), _("Run the connector again.")),
    "run_cancelled": Sentence(_("The run was cancelled.")),
    "connector_busy": Sentence(
        _("The connector “{name}” is at work: run {run} has not ended."),
        _("Try again once it has ended, or cancel it."),
    ),
    "no_order_numbers": Sentence(_("No order number was given."), _("Write one number a line.")),
    "too_many_orders": Sentence(
        _("{count} order numbers are too many for one run."), _("Give at most {most} at a time.")
    ),
    "not_order_numbers": Sentence(
        _("What was given are no order numbers."), _("Write one number a line; none has more than {most} characters.")
    ),
    "orders_missed": Sentence(
        _("Orders that could not be fetched: {numbers}."), _("The reason stands beside each number.")
    ),
    "program_unknown": Sentence(_("Nothing here reads “{program}” documents any more.")),
    "fetch_not_possible": Sentence(_("This type of connector does not fetch single documents.")),
    "connector_inactive": Sentence(_("The connector “{name}” is not active."), _("Activate it first.")),
    "endless_pages": Sentence(
        _("After {pages} pages of one window there was still a next one."),
        _("The window is not complete; the next run reads it again."),
    ),
    "progress_lost": Sentence(
        _("The database no longer holds what this run had planned or read."),
        _("Run the connector again: it reads what is missing."),
    ),
    "database_cannot_write": Sentence(
        _("The database could not be written: {reason}."),
        _("Make room on its disk, or see whether it works and may be written to; then run the connector again."),
    ),
    "database_damaged": Sentence(
        _("The database is damaged: {reason}."), _("Stop Approdo, put back a copy of the database, start it again.")
    ),
    "database_away": Sentence(_("The database did not answer."), _("Try again in a moment.")),
    "database_busy": Sentence(_("The database did not answer: {reason}."), _("Check disk and server, then run again.")),
    # procedures
    "procedure_two_schedules": Sentence(
        _("A procedure is run at intervals or by a cron expression, not both."), _("Leave one of them empty.")
    ),
    "interval_out_of_range": Sentence(_("The interval has to be a whole number from 1 to {most}.")),
    "grace_out_of_range": Sentence(_("The grace can be {days} days at most.")),
    "unknown_time_zone": Sentence(
        _("There is no time zone “{name}”."), _("Write it as Europe/Rome, or leave it empty for the account's.")
    ),
    "cron_fields": Sentence(
        _("“{value}” is not a cron expression of five fields."),
        _("Write minute, hour, day of the month, month and day of the week: 30 6 * * 1-5."),
    ),
    "not_cron": Sentence(
        _("“{value}” is not a cron expression: {reason}."),
        _("Write minute, hour, day of the month, month and day of the week: 30 6 * * 1-5."),
    ),
    "never_due": Sentence(
        _("By this schedule the procedure would never be due."), _("Correct the cron expression or the weekly slots.")
    ),
    "slot_days": Sentence(_("A weekly slot needs at least one day."), _("Days are: {known}.")),
    "not_a_slot": Sentence(
        _("A weekly slot has days, from and to."), _('Write it as {{days: [mon, tue], from: "08:00", to: "18:00"}}.')
    ),
    "not_a_time": Sentence(_("“{value}” is not a time of day."), _("Write it as 08:30.")),
    "chosen_is_gone": Sentence(_("Something chosen here was deleted meanwhile."), _("Load the page again.")),
    "connector_twice": Sentence(_("A connector stands twice in this procedure."), _("Leave one of them out.")),
    "procedure_empty": Sentence(
        _("The procedure “{name}” has no connector."), _("Add the connectors that it runs, in their order.")
    ),
    "steps_failed": Sentence(
        _("{count} of {total} connectors did not succeed: {connectors}."),
        _("Open their runs to see why, then retry what failed."),
    ),
    "step_stopped": Sentence(_("Left out, because a connector before it did not succeed.")),
    "connector_gone": Sentence(_("Left out, because the connector was deleted.")),
    # alarms
    "alarm_failed": Sentence(
        _("The procedure “{procedure}” did not succeed (run {run}). {connector}: {reason}"),
        _("Run {run} says more; it can be retried there once the cause is mended."),
    ),
    "some_set_aside": Sentence(
        _("Documents could not be read and were set aside."), _("They wait under Sales › Set-aside documents.")
    ),
    "alarm_late": Sentence(
        _("The procedure “{procedure}” was due at {due} and has not begun."),
        _("See whether a worker runs (`approdo doctor`) and whether another run is in its way."),
    ),
    "alarm_overdue": Sentence(
        _("The procedure “{procedure}” last succeeded at {since}; it should have again by {deadline}."),
        _("See its last runs, and whether a worker runs (`approdo doctor`)."),
    ),
    "alarm_never_succeeded": Sentence(
        _("The procedure “{procedure}” should have succeeded by {deadline} and has not."),
        _("See its last runs, and whether a worker runs (`approdo doctor`)."),
    ),
    "alarm_worker_gone": Sentence(
        _("A worker on {host} is gone without having been stopped ({worker})."),
        _(
            "Its runs go on with another worker; where there is none, start one with `approdo up` or `approdo worker`."
            " If it is not to come back, say so on the alarm's page."
        ),
    ),
    "alarm_node": Sentence(_("“{node}”: {reason}")),
    "alarm_ends_by_itself": Sentence(
        _("This alarm ends by itself when its cause is over."), _("Mend the cause; the alarm says what it is.")
    ),
    # who is told
    "bad_email_url": Sentence(
        _("{name} is not the address of a mail server."),
        _("Write it as submission://user:password@host:587?from=approdo@example.com; it may begin with: {known}."),
    ),
    "not_an_email": Sentence(_("“{value}” is not an e-mail address."), _("Write it as name@example.com.")),
    "email_not_set": Sentence(
        _("This installation has no mail server."),
        _("Set APPRODO_EMAIL_URL to submission://user:password@host:587?from=approdo@example.com and start again."),
    ),
    "mail_sign_in_refused": Sentence(
        _("The mail server {host} does not accept user and password."), _("Correct them in APPRODO_EMAIL_URL.")
    ),
    "mail_address_refused": Sentence(
        _("The mail server refuses mail to {address}: {answer}."), _("Check the address.")
    ),
    "mail_refused": Sentence(
        _("The mail server {host} refuses the mail: {answer}."),
        _("Check the sender and the sign-in in APPRODO_EMAIL_URL."),
    ),
    "mail_not_encrypted": Sentence(
        _("No safe connection to the mail server {host} came about: {reason}."),
        _("submission:// wants STARTTLS, smtps:// wants TLS at once, both a certificate that is known here."),
    ),
    "mail_unreachable": Sentence(
        _("The mail server {host} cannot be reached: {reason}."),
        _("Check APPRODO_EMAIL_URL and this machine's connection."),
    ),
    "notice_about_nothing": Sentence(_("What this was to tell about is gone.")),
    # retrying
    "run_not_ended": Sentence(_("Run {run} has not ended yet."), _("Wait for its end, or cancel it.")),
    "procedure_busy": Sentence(
        _("The procedure “{name}” is at work: run {run} has not ended."),
        _("Try again once it has ended, or cancel it."),
    ),
    "nothing_to_retry": Sentence(_("Run {run} left nothing to retry: all of it was done.")),
    "record_gone": Sentence(_("“{name}” was deleted, so its run cannot be retried.")),
    "nothing_of_that_name": Sentence(
        _("There is no connector or procedure “{name}”."), _("Their names stand in the back office under Processes.")
    ),
    "name_of_two": Sentence(
        _("“{name}” is the name of a connector and of a procedure."), _("Rename one of them, then run it by its name.")
    ),
}
