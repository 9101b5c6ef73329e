// Reads lines of two versions with a tab between them; prints how golang.org/x/mod/semver orders each.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		a, b, _ := strings.Cut(lines.Text(), "\t")
		a, b = "v"+strings.TrimPrefix(a, "v"), "v"+strings.TrimPrefix(b, "v")
		if semver.IsValid(a) && semver.IsValid(b) {
			fmt.Println(semver.Compare(a, b))
		} else {
			fmt.Println("!")
		}
	}
}
