"""Files: tilt series and volumes on disk, ours and other programs'."""
