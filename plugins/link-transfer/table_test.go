package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesAreReadAsSpreadsheetsWriteThem(t *testing.T) {
	want := []row{{line: 2, first: "IT-1", second: "HR-1"}, {line: 3, first: "IT-2", second: "HR-2"}}
	for name, text := range map[string]string{
		"commas":                     "first,second\nIT-1,HR-1\nIT-2,HR-2\n",
		"semicolons":                 "first;second\nIT-1;HR-1\nIT-2;HR-2",
		"tabs":                       "first\tsecond\nIT-1\tHR-1\nIT-2\tHR-2",
		"Windows":                    "\ufefffirst;second\r\nIT-1;HR-1\r\nIT-2;HR-2\r\n",
		"quotes":                     "\"first\",\"second\"\n\"IT-1\",\"HR-1\"\n\"IT-2\",\"HR-2\"\n",
		"small letters":              "First , SECOND\nit-1 , hr-1\nit-2,hr-2\n",
		"other columns":              "Summary,Target,Source\n\"a, b\",HR-1,IT-1\n\"say \"\"c\"\"\",HR-2,IT-2\n",
		"a separator in the heading": "first;\"a,b\";second\nIT-1;x;HR-1\nIT-2;y;HR-2\n",
		"sep=":                       "sep=;\nIT-1;HR-1\nIT-2;HR-2\n",
		"comments":                   "# what it is, and why\nIT-1,HR-1\nIT-2,HR-2\n# 3 links left out\n",
		"empty lines":                "first,second\nIT-1,HR-1\nIT-2,HR-2\n\n,\n",
	} {
		got, err := parseTable(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestWhatCannotBeReadSaysWhyAndWhere(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no columns", "laptop,employee\nIT-1,HR-1", "Name them first and second"},
		{"one column", "IT-1\nIT-2", "Name them first and second"},
		{"a quotation mark", "first,second\nIT-1,\"HR-1\nIT-2,HR-2", "line 2"},
		{"another encoding", "first,second\nIT-1,HR-1\xff", "UTF-8"},
		{"UTF-16", "f\x00i\x00", "UTF-8"},
		{"too long", "first,second\n" + strings.Repeat("IT-1,HR-1\n", mostRows+1), "more than 50,000 links"},
		{"too large", strings.Repeat("x", mostText+1), "1024 can be read"},
	} {
		if _, err := parseTable(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestNoCellOfAFileIsAFormula(t *testing.T) {
	lines := [][]string{{"relation", "first", "second"}, {`=HYPERLINK("x")`, "IT-1", "HR-1"}, {"+1", "-1", "@x"}, {"\tx", "a;b", `say "c"`}}
	got := string(formatTable(';', lines, "3 links left out."))
	want := "\ufeffrelation;first;second\r\n\"'=HYPERLINK(\"\"x\"\")\";IT-1;HR-1\r\n'+1;'-1;'@x\r\n'\tx;\"a;b\";\"say \"\"c\"\"\"\r\n# 3 links left out.\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rows, err := parseTable(string(formatTable(',', [][]string{lines[0], {"=Uses", "IT-1", "HR-1"}}, "")))
	if err != nil || len(rows) != 1 || rows[0].relation != "=Uses" {
		t.Errorf("what was written is not read again: %+v, %v", rows, err)
	}
}

func FuzzFilesOfOthers(f *testing.F) {
	for _, seed := range []string{"first,second\nIT-1,HR-1\n", "sep=;\nIT-1;HR-1", "\ufeff\"first\"\t\"second\"\r\nIT-1\tHR-1", "#\n,,\n\"", "'=1,2\n'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := parseTable(text)
		if err != nil {
			if err.Error() == "" || len(rows) > 0 {
				t.Errorf("%d rows and %q", len(rows), err)
			}
			return
		}
		if len(rows) > mostRows {
			t.Errorf("%d rows", len(rows))
		}
		for _, r := range rows {
			if r.line < 1 || r.line > strings.Count(text, "\n")+1 {
				t.Errorf("line %d", r.line)
			}
		}
	})
}
