-- The list of runs in the layout of commit aafe815: version 1.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE runs (
                    run INTEGER PRIMARY KEY, attempt INTEGER NOT NULL, project TEXT NOT NULL, path TEXT NOT NULL,
                    workflow TEXT NOT NULL, title TEXT NOT NULL, event TEXT NOT NULL, ref TEXT NOT NULL,
                    sha TEXT NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL,
                    conclusion TEXT, sentence TEXT NOT NULL, created INTEGER NOT NULL, finished INTEGER
                ) STRICT;
INSERT INTO runs VALUES(1,1,'prj_1','.github/workflows/ci.yml','CI','CI','push','refs/heads/main','0a1b2c','ada','Begin','finished','success','',1795739500000,1795739510000);
INSERT INTO runs VALUES(2,2,'prj_1','.github/workflows/ci.yml','CI','CI','push','refs/heads/main','1b2c3d','ada','Fix it','finished','failure','The job test ended with failure.',1795739520000,1795739556327);
INSERT INTO runs VALUES(3,1,'prj_2','.github/workflows/deploy.yml','Deploy','Deploy main','workflow_dispatch','refs/heads/main','2c3d4e','bo','Ship','running',NULL,'',1795739560000,NULL);
CREATE INDEX runs_by_project ON runs (project, run);
CREATE INDEX runs_by_workflow ON runs (project, path, ref, run);
CREATE INDEX runs_by_state ON runs (state, run) WHERE state <> 'finished';
CREATE INDEX runs_by_conclusion ON runs (conclusion, run);
CREATE INDEX runs_by_sha ON runs (sha, run);
COMMIT;
PRAGMA user_version = 1;
