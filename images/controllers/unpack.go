// unpack ZIP FOLDER: writes the files of a module's zip, without the leading module@version, into a folder.
// Go itself unpacks no module that asks for a newer patch release of Go than it is, although it has fetched and verified it.
package main

import (
	"archive/zip"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: unpack ZIP FOLDER")
	}
	if err := unpack(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func unpack(archive, folder string) error {
	module, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer module.Close()
	for _, file := range module.File {
		_, afterModule, _ := strings.Cut(file.Name, "@")
		_, path, found := strings.Cut(afterModule, "/")
		if !found || !filepath.IsLocal(path) {
			continue
		}
		if err := write(file, filepath.Join(folder, path)); err != nil {
			return err
		}
	}
	return nil
}

func write(file *zip.File, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	from, err := file.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}
