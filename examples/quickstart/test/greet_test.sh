#!/bin/sh
# greet_test.sh LANGUAGE: the greeting names whom it greets.
language=$1
answer=$(./greet.sh "$language" martlet)
case $answer in
*martlet*) echo "ok: $answer" ;;
*)
    echo "::error file=greet.sh,line=5::the greeting in '$language' does not name anybody: $answer"
    exit 1
    ;;
esac
