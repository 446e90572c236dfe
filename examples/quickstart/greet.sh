#!/bin/sh
# greet.sh LANGUAGE [NAME]
name=${2:-world}
case $1 in
ko) echo "안녕하세요, $name" ;;
*) echo "Hello, $name" ;;
esac
